/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line of the bridge; README.md here says what each option means.
 */
#ifndef PQ_BRIDGE_OPTIONS_H
#define PQ_BRIDGE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#define PQ_OPTION_MANY 64u /* values of an option that may come several times */
#define PQ_LOOK_MAX 1024u  /* cases between two looks for growth */

enum pq_connect { PQ_CONNECT_TCP, PQ_CONNECT_UNIX, PQ_CONNECT_STDIO };
enum pq_bridge_tls { PQ_BRIDGE_TLS_NONE, PQ_BRIDGE_TLS_IMPLICIT, PQ_BRIDGE_TLS_STLS };
enum pq_bridge_do { PQ_DO_FUZZ, PQ_DO_PLAY, PQ_DO_GROWTH, PQ_DO_SELF_TEST };

struct pq_texts {
    const char *each[PQ_OPTION_MANY];
    size_t len;
};

/* Everything points into the words of main(). */
struct pq_options {
    enum pq_bridge_do task;
    enum pq_connect connect;
    enum pq_bridge_tls tls;
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)]; /* of PQ_CONNECT_UNIX */
    uint16_t port;                                             /* zero: a free one */
    const char *ca;                                            /* NULL: do not verify */
    struct pq_texts resets;                                    /* FOLDER=PRISTINE */
    struct pq_texts executables;
    struct pq_texts besides; /* programs that run beside the server */
    uint32_t fix;            /* bits PQ_SHIM_FIX_... */
    uint32_t patience_ms;
    uint32_t every;                           /* zero: never */
    uint32_t look;                            /* likewise */
    uint32_t spare_memory, spare_descriptors; /* KiB, and how many */
    const char *log;
    bool state;
    const char *referee, *accept, *user;  /* NULL: not given */
    const char *twin;                     /* likewise: what is run below -c of AFL++ */
    bool grows_memory, grows_descriptors; /* what --growth looks for */
    char *const *files;                   /* of --play, --growth and --self-test */
    size_t files_len;
    char *const *server; /* its words, NULL behind them */
};

/* False after a line on stderr that says what is wrong. */
bool pq_options_read(int argc, char *argv[], struct pq_options *o);

#endif
