/* SPDX-License-Identifier: Apache-2.0 */
#include "net/why.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void why_put(struct pq_why *why, const char *format, va_list args) PQ_PRINTF(2, 0);

static void why_put(struct pq_why *why, const char *format, va_list args)
{
    (void)vsnprintf(why->text, sizeof(why->text), format, args);
}

/* File names and host names come from outside; a terminal must not obey them. */
static void why_tame(struct pq_why *why)
{
    for (char *c = why->text; *c; c++)
        if (!pq_ascii_is_printable((uint8_t)*c))
            *c = '?';
}

enum pq_status pq_why_fail(struct pq_why *why, enum pq_status status, const char *format, ...)
{
    if (!why)
        return status;
    va_list args;
    va_start(args, format);
    why_put(why, format, args);
    va_end(args);
    why_tame(why);
    return status;
}

enum pq_status pq_why_errno(struct pq_why *why, enum pq_status status, int error,
                            const char *format, ...)
{
    if (!why)
        return status;
    va_list args;
    va_start(args, format);
    why_put(why, format, args);
    va_end(args);
    size_t len = strlen(why->text);
    (void)snprintf(why->text + len, sizeof(why->text) - len, ": %s", strerror(error));
    why_tame(why);
    return status;
}

void pq_why_clear(struct pq_why *why)
{
    if (why)
        why->text[0] = 0;
}
