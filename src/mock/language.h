/* SPDX-License-Identifier: Apache-2.0
 *
 * The languages that the mock server speaks behind LANG (RFC 6856 section 3), and its texts in
 * them. Without LANG it speaks English, all of it ASCII.
 */
#ifndef PQ_MOCK_LANGUAGE_H
#define PQ_MOCK_LANGUAGE_H

#include "popquiz/base.h"

/* identifier, tag (RFC 5646), its name in the language itself; what "*" means stands first */
#define PQ_LANGUAGE_LIST(X)                                                                        \
    X(ENGLISH, "en", "English")                                                                    \
    X(GERMAN, "de", "Deutsch")                                                                     \
    X(SPANISH, "es-419", "Espa\xC3\xB1ol latinoamericano")

enum pq_language {
#define X(id, tag, name) PQ_LANGUAGE_##id,
    PQ_LANGUAGE_LIST(X)
#undef X
        PQ_LANGUAGE_COUNT
};

struct pq_language_row {
    struct pq_slice tag, name;
};
const struct pq_language_row *pq_language_row(enum pq_language language);
/* The first language that a valid range matches, or PQ_LANGUAGE_COUNT. */
enum pq_language pq_language_of(struct pq_slice range);

/* What `english` is in `language`, in UTF-8; itself where nobody translated it. */
struct pq_slice pq_language_text(enum pq_language language, const char *english);

#endif
