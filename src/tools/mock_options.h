/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line of popquiz-mock.
 */
#ifndef PQ_TOOLS_MOCK_OPTIONS_H
#define PQ_TOOLS_MOCK_OPTIONS_H

#include "mock/hub.h"
#include "mock/identity.h"

#define PQ_MOCK_PATH_MAX 512u
#define PQ_MOCK_SCRIPTS_MAX 64u

struct mock_options {
    struct pq_hub_config hub;
    struct pq_mock mock; /* its configuration and faults; the mail is loaded later */
    const char *users, *maildrop, *transcript, *tls_folder;
    const char *faults[PQ_FAULTS_ACTIVE_MAX]; /* as they were asked for */
    size_t fault_count;
    const char *scripts[PQ_MOCK_SCRIPTS_MAX];
    size_t script_count;
    struct pq_overlays overlays; /* the scripts, once they are read */
    bool verdict_lost;           /* one could not be written */
    bool tls;                    /* a certificate is needed */
    bool inetd;                  /* one session on standard input and output */
    bool inetd_tls;
    struct pq_identity_options identity;
    uint64_t seed;
};

enum mock_action { MOCK_SERVE, MOCK_DONE, MOCK_USAGE };

/* Reads the command line; the texts in `*o` are those of `argv`. DONE: it asked for a text, which
 * was printed. USAGE: `*why` tells what is wrong with it. */
enum mock_action mock_options_read(struct mock_options *o, int argc, char **argv,
                                   struct pq_why *why);

#endif
