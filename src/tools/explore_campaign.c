/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/explore_campaign.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dialogue/player/mask.h"
#include "explore/shrink.h"
#include "explore/write.h"
#include "net/io.h"
#include "tools/play_request.h"

#define PROGRESS_MS 500u
/* Shortening one finding takes no longer; of an answer that is missing each try takes patience. */
#define SHRINK_MS 20000u

/* What no transcript shows: the runner, who looks at the processes, has to say it. */
static const struct pq_referee_rule crash_rule = {
    "EXPLORE-CRASH",
    "RFC1939-3-020",
    "a process of the server died in the middle of the session",
};

/* What two findings have in common that are told once. */
struct key {
    const struct pq_referee_rule *rule;
    enum pq_verb verb;
    enum pq_state state;
};

/* A session in which something was found, as it was played first. */
struct kept {
    uint64_t number;
    struct pq_plan plan;
    struct pq_bytes transcript;
};

struct campaign {
    const struct explore_request *q;
    struct pq_drive_config drive;
    struct play_lines *lines;
    const char *end; /* why it ended; NULL: it goes on */
    char why[PQ_ANSWER_WHY_MAX];
    bool dirty; /* the maildrop may not be as it was */
    struct key keys[EXPLORE_FINDINGS_MAX];
    size_t keys_count;
    uint64_t sessions, plays, commands, logins, transactions, late, repeated;
    uint64_t begun, told, next;    /* times, in milliseconds */
    struct pq_drive_result result; /* of the last play */
    struct key wanted;             /* by the shrinker */
    uint64_t shrink_until;
};

static uint64_t now(void)
{
    const struct pq_io *io = pq_io_system();
    return io->now_ms(io->ctx);
}

static void end(struct campaign *c, const char *how, const char *why)
{
    c->end = how;
    (void)snprintf(c->why, sizeof(c->why), "%s", why);
}

/* ---- the runner ------------------------------------------------------------------------------ */

static void restore(struct campaign *c)
{
    struct pq_arena arena;
    pq_arena_init(&arena, pq_alloc_default(), 1u << 16);
    struct pq_answer answer = {.arena = &arena};
    const struct pq_ask ask = {.what = PQ_ASK_RESET};
    if (c->dirty && c->q->reset) {
        play_lines_ask(c->lines, &ask, &answer);
        if (answer.kind != PQ_ANSWER_DONE)
            end(c, "failed", answer.why);
    }
    c->dirty = false;
    pq_arena_free(&arena);
}

/* Whether a process of the server died just now; `why` is what the runner knows of it. */
static bool look(struct campaign *c, char *why, size_t cap)
{
    struct play_request r;
    struct pq_slice line;
    play_lines_tell(c->lines, "ask", cJSON_CreateString("look"));
    if (c->lines->gone || play_lines_next(c->lines, pq_io_deadline(pq_io_system(), PLAY_ASK_MS),
                                          &line) != PLAY_INPUT_LINE)
        return false;
    play_request_read(&r, line);
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(r.answer, "why");
    bool died = r.kind == PLAY_REQUEST_ANSWER && cJSON_IsString(text) && text->valuestring[0];
    if (died)
        (void)snprintf(why, cap, "%.*s", (int)cap - 1, text->valuestring);
    play_request_free(&r);
    return died;
}

static cJSON *counts(const struct campaign *c)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddItemToObject(o, "run", cJSON_Duplicate(c->q->run, false));
    cJSON_AddNumberToObject(o, "sessions", (double)c->sessions);
    cJSON_AddNumberToObject(o, "plays", (double)c->plays);
    cJSON_AddNumberToObject(o, "commands", (double)c->commands);
    cJSON_AddNumberToObject(o, "logins", (double)c->logins);
    cJSON_AddNumberToObject(o, "transactions", (double)c->transactions);
    cJSON_AddNumberToObject(o, "late", (double)c->late);
    cJSON_AddNumberToObject(o, "repeated", (double)c->repeated);
    cJSON_AddNumberToObject(o, "ms", (double)(now() - c->begun));
    return o;
}

static void tell_progress(struct campaign *c)
{
    if (now() < c->told + PROGRESS_MS)
        return;
    c->told = now();
    play_lines_tell(c->lines, "progress", counts(c));
}

static void tell_end(struct campaign *c)
{
    cJSON *o = counts(c);
    cJSON_AddStringToObject(o, "end", c->end ? c->end : pq_drive_end_word(PQ_DRIVE_DONE));
    cJSON_AddStringToObject(o, "why", c->why);
    play_lines_tell(c->lines, "end", o);
}

/* ---- playing --------------------------------------------------------------------------------- */

/* A process that died is a finding like those of the referee. */
static void add_crash(struct campaign *c)
{
    struct pq_drive_result *r = &c->result;
    char why[PQ_REFEREE_WHY_MAX + 1] = "";
    if (!r->cut || !look(c, why, sizeof(why)))
        return;
    r->findings[0] = (struct pq_drive_finding){
        .rule = &crash_rule,
        .conn = r->cut_off.conn,
        .verb = r->cut_off.verb,
        .state = r->cut_off.state,
        .step = r->cut_off.step,
    };
    memcpy(r->findings[0].why, why, sizeof(why));
    r->findings_count = 1;
}

static uint64_t connections(const struct pq_plan *p)
{
    uint64_t count = 0;
    for (size_t i = 0; i < p->count; i++)
        count += p->steps[i].kind == PQ_STEP_CONNECT;
    return count;
}

/* Waits until the server can be asked to take more connections. */
static void keep_pace(struct campaign *c, const struct pq_plan *plan)
{
    const struct pq_io *io = pq_io_system();
    for (uint64_t at = now(); at < c->next && !c->lines->gone; at = now()) {
        uint64_t left = c->next - at;
        (void)io->wait(io->ctx, NULL, 0, (int)(left < PROGRESS_MS ? left : PROGRESS_MS));
        tell_progress(c);
    }
    c->next = now() + c->q->pace_ms * connections(plan);
}

static void play(struct campaign *c, const struct pq_plan *plan)
{
    restore(c);
    keep_pace(c, plan);
    pq_drive_result_free(&c->result);
    pq_drive_play(&c->drive, plan, &c->result);
    c->plays++;
    /* Some servers write into mail that is only listed: what a session sees must not depend on
     * those before it. */
    c->dirty = c->q->plan.destroy || c->result.findings_count > 0;
    add_crash(c);
}

/* ---- findings -------------------------------------------------------------------------------- */

static struct key key_of(const struct pq_drive_finding *f)
{
    return (struct key){.rule = f->rule, .verb = f->verb, .state = f->state};
}

static bool is_known(const struct campaign *c, struct key key)
{
    for (size_t i = 0; i < c->keys_count; i++) {
        const struct key *k = &c->keys[i];
        if (k->rule == key.rule && k->verb == key.verb && k->state == key.state)
            return true;
    }
    return false;
}

/* The finding of the last play that is the wanted one, or one like it. */
static const struct pq_drive_finding *find(const struct campaign *c)
{
    for (size_t i = 0; i < c->result.findings_count; i++) {
        const struct pq_drive_finding *f = &c->result.findings[i];
        if (!f->follows && f->rule == c->wanted.rule && f->verb == c->wanted.verb)
            return f;
    }
    return NULL;
}

static bool shows(void *ctx, const struct pq_plan *plan)
{
    struct campaign *c = ctx;
    if (c->end || c->lines->gone || now() > c->shrink_until)
        return false;
    play(c, plan);
    tell_progress(c);
    return find(c) != NULL;
}

/* The transcript; a server may repeat a password. */
static cJSON *transcript_item(struct campaign *c)
{
    struct pq_mask mask;
    struct pq_bytes *text = &c->result.transcript;
    pq_mask_init(&mask, pq_alloc_default());
    text->max = text->len + 1; /* also when it is full: room for the NUL */
    bool hidden = pq_mask_add(&mask, c->drive.pw) == PQ_STATUS_OK &&
                  pq_bytes_put(text, pq_slice_of("", 1)) == PQ_STATUS_OK;
    if (hidden)
        pq_mask_text(&mask, (char *)text->at, text->cap);
    pq_mask_free(&mask);
    return cJSON_CreateString(hidden ? (const char *)text->at : "");
}

/* What is told of a finding, besides the dialogue. */
static cJSON *finding_item(const struct pq_drive_finding *f)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "rule", f->rule->id);
    cJSON_AddStringToObject(o, "requirement", f->rule->requirement);
    cJSON_AddStringToObject(o, "sees", f->rule->sees);
    cJSON_AddStringToObject(o, "why", f->why);
    cJSON_AddStringToObject(o, "excerpt", f->excerpt);
    cJSON_AddItemToObject(o, "verb", play_lines_text(pq_verb_row(f->verb)->name));
    cJSON_AddStringToObject(o, "state", pq_state_name(f->state));
    return o;
}

/* Tells a finding of the last play, with the plan that was played. */
static void tell_finding(struct campaign *c, const struct kept *kept,
                         const struct pq_drive_finding *f, bool again)
{
    struct pq_bytes dialogue;
    char id[128];
    (void)snprintf(id, sizeof(id), "explored.%s.s%" PRIu64 ".n%" PRIu64, f->rule->id,
                   c->q->plan.seed, kept->number);
    const struct pq_plan_text text = {id, &kept->plan, &c->result, f, c->q->login, c->q->job.cut};
    pq_bytes_init(&dialogue, pq_alloc_default(), PQ_DLG_TEXT_MAX);
    cJSON *o = finding_item(f);
    cJSON_AddStringToObject(o, "id", id);
    cJSON_AddNumberToObject(o, "session", (double)kept->number);
    cJSON_AddNumberToObject(o, "steps", (double)kept->plan.count);
    cJSON_AddNumberToObject(o, "sent", (double)c->result.sent);
    cJSON_AddBoolToObject(o, "again", again);
    if (again && pq_plan_write(&text, &dialogue, pq_alloc_default()) == PQ_STATUS_OK)
        cJSON_AddItemToObject(o, "dialogue", play_lines_text(pq_bytes_slice(&dialogue)));
    cJSON_AddItemToObject(o, "transcript", transcript_item(c));
    play_lines_tell(c->lines, "finding", o);
    pq_bytes_free(&dialogue);
}

/* Shortens what was found and tells it. */
static void keep(struct campaign *c, struct kept *kept, const struct pq_drive_finding *found)
{
    struct pq_shrink shrink = {.shows = shows, .ctx = c, .tries = c->q->tries};
    c->wanted = key_of(found);
    c->shrink_until = now() + SHRINK_MS;
    bool again = shows(c, &kept->plan);
    if (again)
        pq_plan_shrink(&kept->plan, &shrink);
    /* The last try was not always the one that is kept. */
    c->shrink_until = UINT64_MAX;
    again = again && shows(c, &kept->plan);
    if (again) {
        tell_finding(c, kept, find(c), true);
        return;
    }
    /* It happened once, and only the session in which it did can show it. */
    pq_drive_result_free(&c->result);
    c->result.transcript = kept->transcript;
    pq_bytes_init(&kept->transcript, pq_alloc_default(), 0);
    tell_finding(c, kept, found, false);
}

static void keep_new(struct campaign *c, uint64_t number, const struct pq_plan *plan)
{
    struct pq_drive_finding fresh[PQ_DRIVE_FINDINGS_MAX];
    struct pq_bytes transcript;
    size_t count = 0;
    for (size_t i = 0; i < c->result.findings_count; i++) {
        const struct pq_drive_finding *f = &c->result.findings[i];
        bool known = is_known(c, key_of(f));
        c->repeated += known;
        if (f->follows || known || c->keys_count == EXPLORE_FINDINGS_MAX)
            continue;
        c->keys[c->keys_count++] = key_of(f);
        fresh[count++] = *f;
    }
    pq_bytes_init(&transcript, pq_alloc_default(), PQ_DRIVE_TRANSCRIPT_MAX + 1);
    bool copied = pq_bytes_put(&transcript, pq_bytes_slice(&c->result.transcript)) == PQ_STATUS_OK;
    for (size_t i = 0; i < count && !c->end && copied; i++) {
        struct kept kept = {.number = number, .plan = *plan};
        pq_bytes_init(&kept.transcript, pq_alloc_default(), PQ_DRIVE_TRANSCRIPT_MAX + 1);
        copied = pq_bytes_put(&kept.transcript, pq_bytes_slice(&transcript)) == PQ_STATUS_OK;
        keep(c, &kept, &fresh[i]);
        pq_bytes_free(&kept.transcript);
    }
    pq_bytes_free(&transcript);
}

/* ---- sessions -------------------------------------------------------------------------------- */

static void account(struct campaign *c)
{
    const struct pq_drive_result *r = &c->result;
    c->sessions++;
    c->commands += r->commands;
    c->logins += r->logins;
    c->transactions += r->transactions;
    c->late += r->late;
}

static void session(struct campaign *c, uint64_t number)
{
    struct pq_plan plan;
    pq_plan_generate(&plan, &c->q->plan, number);
    play(c, &plan);
    if (c->end)
        return;
    account(c);
    enum pq_drive_end how = c->result.end;
    if (c->result.findings_count > 0)
        keep_new(c, number, &plan);
    if (how != PQ_DRIVE_DONE && !c->end) {
        char why[PQ_ANSWER_WHY_MAX];
        (void)snprintf(why, sizeof(why), "the server %s in session %" PRIu64 " of seed %" PRIu64,
                       how == PQ_DRIVE_GONE ? "takes no connection any more" : "falls silent",
                       number, c->q->plan.seed);
        end(c, pq_drive_end_word(how), why);
    }
    tell_progress(c);
}

void explore_campaign(const struct explore_request *q, struct pq_target *target,
                      struct play_lines *lines)
{
    struct pq_wire_net net;
    pq_wire_net_init(&net, target, NULL, (struct pq_asker){.ask = play_lines_ask, .ctx = lines},
                     play_gap);
    struct pq_wire wire = pq_wire_net_wire(&net);
    struct campaign *c = calloc(1, sizeof(*c));
    if (c) {
        c->q = q;
        c->lines = lines;
        c->begun = c->told = now();
        c->drive = (struct pq_drive_config){
            .wire = &wire,
            .implicit = q->job.tls == PQ_RUN_TLS_IMPLICIT,
            .cut = q->job.cut,
            .login = q->login,
            .user = q->job.vars.user,
            .pw = q->job.vars.pw,
            .patience_ms = q->job.patience_ms,
            .quiet_ms = q->quiet_ms,
            .alloc = pq_alloc_default(),
        };
        for (uint64_t n = q->first; n < q->sessions && !c->end && !lines->gone; n += q->stride) {
            if (q->time_ms > 0 && now() - c->begun >= q->time_ms)
                break;
            session(c, n);
        }
        c->dirty = true;
        if (!c->end)
            restore(c);
        tell_end(c);
        pq_drive_result_free(&c->result);
        free(c);
    }
    pq_wire_net_free(&net);
}
