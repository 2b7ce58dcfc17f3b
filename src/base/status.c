/* SPDX-License-Identifier: Apache-2.0 */
#include "popquiz/base.h"

const char *pq_status_name(enum pq_status status)
{
    switch (status) {
#define X(name, number, text)                                                                      \
    case PQ_STATUS_##name:                                                                         \
        return #name;
        PQ_STATUS_LIST(X)
#undef X
    }
    return "UNKNOWN";
}

const char *pq_status_text(enum pq_status status)
{
    switch (status) {
#define X(name, number, text)                                                                      \
    case PQ_STATUS_##name:                                                                         \
        return text;
        PQ_STATUS_LIST(X)
#undef X
    }
    return "an unknown status";
}
