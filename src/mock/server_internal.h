/* SPDX-License-Identifier: Apache-2.0
 *
 * A session from inside: for the files of this folder.
 */
#ifndef PQ_MOCK_SERVER_INTERNAL_H
#define PQ_MOCK_SERVER_INTERNAL_H

#include "mock/fault_memory.h"
#include "mock/language.h"
#include "mock/server.h"
#include "mock/transcript.h"
#include "popquiz/sasl.h"

/* The longest SASL line of a client: PQ_SASL_MESSAGE_MAX octets in base64, and more. */
#define PQ_SERVER_RESPONSE_MAX 24576u
/* Room for answers; a session that has less than a reply line left obeys no further command. */
#define PQ_SERVER_OUT_CAP 8192u
/* A line beyond this many octets, CRLF included, ends the session. */
#define PQ_SERVER_LINE_MAX (UINT64_C(64) << 10)
/* Room for a client's line: a fault may take longer ones than RFC 2449 section 4 allows. */
#define PQ_SERVER_LINE_CAP 1024u
/* Room for the answer of a fault to one command, or what it puts behind one. */
#define PQ_SERVER_FAULT_ROOM 2048u
/* What a fault may write in place of one body. */
#define PQ_SERVER_WIRE_MAX (UINT64_C(256) << 20)

/* A multi-line answer that is being written. */
enum job_kind { JOB_NONE, JOB_CAPA, JOB_LANG, JOB_LIST, JOB_CONTENT, JOB_WIRE };

struct job {
    enum job_kind kind;
    enum pq_verb verb;
    size_t index;         /* LIST: of the next message; CAPA, LANG: of the next line */
    bool begun;           /* LIST: `times` was asked for */
    unsigned times;       /* LIST: how often that line is still to be written */
    struct pq_slice rest; /* CONTENT, WIRE: what is to be written */
};

struct actor;

struct pq_server {
    struct pq_mock *mock;
    const struct pq_behaviour *behaviour; /* the mock's, or what a dialogue lays over it */
    struct pq_fault_plan *plan;           /* likewise */
    const char *capabilities[2][2];       /* likewise: see struct pq_mock_config */
    struct actor *actor;                  /* the dialogue of this connection, or NULL */
    struct pq_conn conn;
    struct pq_buf out;
    struct job job;
    const struct pq_event *event; /* while it is obeyed, else NULL */
    uint64_t serial;              /* how many sessions there were with this one */
    unsigned pieces; /* in so many pieces came the line that was read last, or is being read */
    bool split_end;  /* its CR and its LF came in two pieces */
    uint64_t now_ms, idle_since_ms, tls_since_ms;
    struct pq_slice timestamp;  /* of the greeting; empty without APOP */
    struct pq_account *account; /* whose maildrop is open, or NULL */
    struct pq_stored **stored;  /* the content of maildrop.messages, same order */
    struct pq_maildrop maildrop;
    struct pq_exchange *exchange;     /* auth.c: while a SASL exchange runs */
    struct pq_channel channel;        /* of TLS; its bindings lie in `channel_memory` */
    struct pq_transcript *transcript; /* or NULL */
    uint64_t conn_id;                 /* in the transcript */
    struct pq_bytes wire;             /* JOB_WIRE */
    struct pq_bytes queued;           /* a line that a fault obeys next */
    bool has_queued;
    unsigned swallow; /* answers that a fault gave already */
    struct fault_memory memory;
    enum pq_language language; /* of the texts; English until LANG chose one */
    size_t user_len;
    bool ended;
    uint8_t user[PQ_STORE_NAME_MAX]; /* what USER gave */
    uint8_t channel_memory[PQ_CHANNEL_BINDINGS_MAX + 1][PQ_SASL_BINDING_MAX];
    uint8_t timestamp_text[PQ_MOCK_TIMESTAMP_MAX];
    uint8_t line_memory[PQ_SERVER_LINE_CAP];
    uint8_t out_memory[PQ_SERVER_OUT_CAP]; /* last, since an idle session touches little of it */
};

/* ---- answers (they never fail: commands are only read when there is room for one) ------------ */

void server_ok(struct pq_server *s, const char *text);
void server_err(struct pq_server *s, const char *code, const char *text);
/* "+OK " and the octets of `text`, as they are. */
void server_ok_text(struct pq_server *s, struct pq_slice text);

/* Obeys or refuses a command, and answers it. */
void server_obey(struct pq_server *s, struct pq_event *e);

/* The same for a line that a dialogue leaves to the session, and all that follows from it. */
void server_heed(struct pq_server *s, struct pq_event *e);
/* The next line that was fed; false when there is none. */
bool server_next_event(struct pq_server *s, struct pq_event *e);

/* ---- the parts ------------------------------------------------------------------------------- */

/* login.c: credentials and the maildrop they open. */
void server_user(struct pq_server *s, const struct pq_command *c);
void server_pass(struct pq_server *s, const struct pq_command *c);
void server_apop(struct pq_server *s, const struct pq_command *c);
/* Keeps a name in `user`, prepared; false: it holds what no name may, and none is kept. */
bool server_keep_name(struct pq_server *s, struct pq_slice given);
/* Opens the maildrop of `name` and answers. */
void server_login(struct pq_server *s, struct pq_slice name);
void server_refuse_credentials(struct pq_server *s);
bool server_may_send_password(const struct pq_server *s);
void server_close_maildrop(struct pq_server *s);
/* Adds mail that arrived since to the view that this session has, behind the rest of it or in front
 * of it; false when memory is exhausted. */
bool server_take_new_mail(struct pq_server *s, bool in_front);
/* Removes the marked messages from the account; false: its file could not be rewritten, and none
 * was removed. */
bool server_commit(struct pq_server *s);

/* auth.c: the SASL exchange. */
void server_auth(struct pq_server *s, const struct pq_command *c);
void server_response(struct pq_server *s, const struct pq_event *e);
void server_end_sasl(struct pq_server *s);
bool server_has_mechanism(const struct pq_server *s, enum pq_mechanism m);
/* Of struct pq_sasl_server_config; `ctx` is the session. Names are prepared. */
bool server_lookup(void *ctx, enum pq_mechanism mechanism, struct pq_slice user,
                   struct pq_sasl_account *account);
/* For a fault: whether the exchange that runs has this mechanism. */
bool server_runs_mechanism(const struct pq_server *s, enum pq_mechanism m);
bool server_may_act_as(struct pq_server *s, struct pq_slice user, struct pq_slice authzid);

/* mail.c: the commands of TRANSACTION. */
void server_stat(struct pq_server *s, const struct pq_command *c);
void server_list(struct pq_server *s, const struct pq_command *c);
void server_uidl(struct pq_server *s, const struct pq_command *c);
void server_retr(struct pq_server *s, const struct pq_command *c);
void server_top(struct pq_server *s, const struct pq_command *c);
void server_dele(struct pq_server *s, const struct pq_command *c);
void server_noop(struct pq_server *s, const struct pq_command *c);
void server_rset(struct pq_server *s, const struct pq_command *c);

/* language.c */
void server_lang(struct pq_server *s, const struct pq_command *c);
/* Appends a text that is known in English, in the language of the session. */
void server_say(const struct pq_server *s, struct pq_buf *to, const char *english);
/* Writes line `index` of the list of languages; false when there is no such line. */
bool server_lang_line(struct pq_server *s, size_t index, struct pq_buf *line);

/* capa.c */
void server_capa(struct pq_server *s, const struct pq_command *c);
/* Appends what CAPA says of one capability, if anything. */
void server_capability(struct pq_server *s, enum pq_capability_tag tag, struct pq_buf *line);
/* Writes line `index` of the capability list; false when there is no such line. */
bool server_capa_line(struct pq_server *s, size_t index, struct pq_buf *line);

/* Goes on with LIST or UIDL; true when every line is written. */
bool server_run_list(struct pq_server *s);

/* job.c: goes on with the multi-line answer as far as there is room. */
void server_run_job(struct pq_server *s);

/* The octets of header section, blank line and `lines` lines of the body (RFC 1939 section 7). */
size_t server_top_len(struct pq_slice content, uint64_t lines);

#endif
