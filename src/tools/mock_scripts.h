/* SPDX-License-Identifier: Apache-2.0
 *
 * The dialogues of popquiz-mock, and the lines that tell what clients came to.
 */
#ifndef PQ_TOOLS_MOCK_SCRIPTS_H
#define PQ_TOOLS_MOCK_SCRIPTS_H

#include "tools/mock_options.h"

/* Reads every --script; a script that starts TLS makes the server offer it. SYNTAX, FILE: `*why`
 * tells which file, where, and what is wrong. */
PQ_NODISCARD enum pq_status mock_scripts_read(struct mock_options *o, struct pq_why *why);

#endif
