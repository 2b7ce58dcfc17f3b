/* SPDX-License-Identifier: Apache-2.0
 *
 * Recorded sessions, a JSON object on each line, fed to a referee. The help of popquiz-referee has
 * the form.
 */
#ifndef PQ_TOOLS_REFEREE_INPUT_H
#define PQ_TOOLS_REFEREE_INPUT_H

#include "popquiz/referee.h"
#include "tools/json_strict.h"

#define REFEREE_LINE_MAX (16u << 20) /* octets of a line, and of what stands in it */

struct referee_input {
    struct pq_referee *referee;
    /* Connections of the input, by the place that they have in the referee. */
    struct {
        bool open, tls;
        uint64_t id;
    } places[PQ_REFEREE_CONNS_MAX];
    char why[JSON_WHY_MAX];
};

/* Feeds one line. False: it is not understood, see `why`. */
bool referee_input_line(struct referee_input *in, struct pq_slice line);
/* The number that the connection in this place has in the input. */
uint64_t referee_input_conn(const struct referee_input *in, unsigned place);

#endif
