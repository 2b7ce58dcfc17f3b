/* SPDX-License-Identifier: Apache-2.0
 *
 * Slices of octets, status codes, bounded buffers, exact ASCII, numbers, base64 and hex.
 * Knows no protocol.
 */
#ifndef POPQUIZ_BASE_H
#define POPQUIZ_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define PQ_NODISCARD __attribute__((warn_unused_result))
#else
#define PQ_NODISCARD
#endif

/* ---- status ---------------------------------------------------------------------------------- */

/* name, number (a range of one hundred for each layer), the sentence that a person reads */
#define PQ_STATUS_LIST(X)                                                                          \
    X(OK, 0, "no error")                                                                           \
    X(NO_ROOM, 1, "the buffer that was lent is too small")                                         \
    X(NO_MEMORY, 2, "memory is exhausted or its declared maximum is reached")                      \
    X(NOT_NUMBER, 3, "not a canonical decimal number")                                             \
    X(NUMBER_RANGE, 4, "the number does not fit")                                                  \
    X(NOT_BASE64, 5, "not base64 as RFC 4648 section 4 has it")                                    \
    X(NOT_HEX, 6, "not hexadecimal")                                                               \
    X(NOT_UTF8, 7, "not UTF-8 as RFC 3629 has it")                                                 \
    X(CRYPTO, 8, "the cryptographic library refused")                                              \
    X(LINE_TOO_LONG, 100, "the line is longer than its limit")                                     \
    X(BODY_TOO_LONG, 101, "the multi-line body is longer than the caller's limit")                 \
    X(SYNTAX, 200, "the line does not follow the grammar")                                         \
    X(SASL_MESSAGE, 300, "the SASL message does not follow its mechanism")                         \
    X(SASL_REFUSED, 301, "the SASL exchange was refused")                                          \
    X(SASL_PEER, 302, "the peer could not prove that it knows the password")                       \
    X(STATE, 400, "not allowed in this state")                                                     \
    X(TOO_MANY_PENDING, 500, "more commands are outstanding than the limit allows")                \
    X(UNEXPECTED_REPLY, 501, "a reply arrived that no command asked for")                          \
    X(STREAM_ENDED, 502, "the stream ended in the middle of a line or a body")                     \
    X(TLS, 600, "TLS failed")                                                                      \
    X(NET, 601, "the network failed")                                                              \
    X(TIMEOUT, 602, "no answer before the deadline")                                               \
    X(ADDRESS, 603, "not an address that can be used")                                             \
    X(FILE, 604, "a file could not be read or written")

enum pq_status {
#define X(name, number, text) PQ_STATUS_##name = (number),
    PQ_STATUS_LIST(X)
#undef X
};

/* The identifier ("NO_ROOM") and the sentence of a status; never NULL. */
const char *pq_status_name(enum pq_status status);
const char *pq_status_text(enum pq_status status);

/* What a pull function answers. EVENT: one was given. NEED_DATA: everything lent was taken.
 * ERROR: the context is in its error state and stays there. */
enum pq_next { PQ_NEXT_EVENT, PQ_NEXT_NEED_DATA, PQ_NEXT_ERROR };

/* ---- slices ---------------------------------------------------------------------------------- */

struct pq_slice {
    const uint8_t *at;
    size_t len;
};

/* A slice of a string literal, without its NUL: as an initializer of a table, and as a value. */
#define PQ_SLICE_INIT(literal)                                                                     \
    {                                                                                              \
        (const uint8_t *)("" literal), sizeof(literal) - 1                                         \
    }
#define PQ_SLICE(literal) ((struct pq_slice)PQ_SLICE_INIT(literal))

/* A slice of `len` octets at `at`; `at` may be NULL when `len` is zero. */
struct pq_slice pq_slice_of(const void *at, size_t len);
/* A slice of a C string of ours (never of wire data). NULL gives an empty slice. */
struct pq_slice pq_slice_text(const char *text);
/* The first `n` octets, and what follows them; `n` is cut to the length. */
struct pq_slice pq_slice_first(struct pq_slice s, size_t n);
struct pq_slice pq_slice_after(struct pq_slice s, size_t n);
/* Octet by octet, and without regard to the case of ASCII letters (any other octet is exact). */
bool pq_slice_equal(struct pq_slice a, struct pq_slice b);
bool pq_slice_equal_nocase(struct pq_slice a, struct pq_slice b);
bool pq_slice_starts(struct pq_slice s, struct pq_slice with);
/* The index of the first `octet`, or `s.len` when there is none. */
size_t pq_slice_index(struct pq_slice s, uint8_t octet);
/* FNV-1a of the octets, folded: for tables in memory, where an attacker who makes collisions only
 * costs time. */
uint64_t pq_slice_hash(struct pq_slice s);
/* Cuts `*rest` at the first `octet`: returns what is before it and leaves what is after it in
 * `*rest`. Without such an octet returns everything and leaves `*rest` empty. */
struct pq_slice pq_slice_cut(struct pq_slice *rest, uint8_t octet);

/* ---- ASCII and UTF-8 ------------------------------------------------------------------------- */

bool pq_ascii_is_digit(uint8_t octet);
bool pq_ascii_is_alpha(uint8_t octet);
/* 0x21 to 0x7E (VCHAR of RFC 5234), and 0x20 to 0x7E. */
bool pq_ascii_is_visible(uint8_t octet);
bool pq_ascii_is_printable(uint8_t octet);
uint8_t pq_ascii_lower(uint8_t octet);
uint8_t pq_ascii_upper(uint8_t octet);
/* Whether every octet is 0x21-0x7E (0x20-0x7E); true for an empty slice. */
bool pq_slice_is_visible(struct pq_slice s);
bool pq_slice_is_printable(struct pq_slice s);
/* Which octets other than 0x20-0x7E there are; a mask, zero when there are none. */
enum pq_octets {
    PQ_OCTETS_CR = 1,
    PQ_OCTETS_LF = 2,
    PQ_OCTETS_NUL = 4,
    PQ_OCTETS_TAB = 8,
    PQ_OCTETS_CONTROL = 16, /* any other octet below 0x20, and 0x7F */
    PQ_OCTETS_8BIT = 32,
};
unsigned pq_slice_octets(struct pq_slice s);
/* Whether `s` is well-formed UTF-8 (RFC 3629 section 4: no surrogates, shortest form). */
bool pq_slice_is_utf8(struct pq_slice s);

/* ---- numbers --------------------------------------------------------------------------------- */

/* Reads a canonical decimal number and nothing else: no sign, blank, or leading zero.
 * NOT_NUMBER: other octets. NUMBER_RANGE: a number, but above the type's range. `*out` is then
 * left alone. */
PQ_NODISCARD enum pq_status pq_parse_u64(struct pq_slice text, uint64_t *out);
PQ_NODISCARD enum pq_status pq_parse_u32(struct pq_slice text, uint32_t *out);
/* As pq_parse_u64, but leading zeros pass ("010" is ten). */
PQ_NODISCARD enum pq_status pq_parse_u64_zeros(struct pq_slice text, uint64_t *out);

/* The longest text of a 64-bit number, in octets. */
#define PQ_U64_TEXT_MAX 20u

/* ---- bounded buffer -------------------------------------------------------------------------- */

/* Appends to memory that the caller lends and never grows it. What does not fit is left out whole
 * and `overflowed` stays set, so that a series of puts needs one look at the end. */
struct pq_buf {
    uint8_t *at;
    size_t len; /* octets held, len <= cap */
    size_t cap;
    bool overflowed;
};

void pq_buf_init(struct pq_buf *b, void *memory, size_t cap);
/* Forgets the content; the memory stays lent. */
void pq_buf_clear(struct pq_buf *b);
/* Each returns false, and sets `overflowed`, when what it adds does not fit. */
bool pq_buf_put(struct pq_buf *b, struct pq_slice s);
bool pq_buf_put_text(struct pq_buf *b, const char *text);
bool pq_buf_put_octet(struct pq_buf *b, uint8_t octet);
bool pq_buf_put_u64(struct pq_buf *b, uint64_t number);
size_t pq_buf_room(const struct pq_buf *b);
struct pq_slice pq_buf_slice(const struct pq_buf *b);
/* Drops the first `n` octets (n <= len) and moves the rest to the front. */
void pq_buf_drop(struct pq_buf *b, size_t n);

/* ---- base64 (RFC 4648 section 4) and hex ----------------------------------------------------- */

/* Octets of text for `n` octets of data, and the most octets of data that `n` octets can hold. */
size_t pq_base64_encoded_len(size_t n);
size_t pq_base64_decoded_max(size_t n);
/* Appends. NO_ROOM: nothing was appended. */
PQ_NODISCARD enum pq_status pq_base64_encode(struct pq_slice data, struct pq_buf *out);
/* Strict: the alphabet, padding to a multiple of four, nothing after the padding, and pad bits of
 * zero. NOT_BASE64 or NO_ROOM: nothing was appended. */
PQ_NODISCARD enum pq_status pq_base64_decode(struct pq_slice text, struct pq_buf *out);

/* Lower-case hexadecimal; appends. Decoding takes either case. */
PQ_NODISCARD enum pq_status pq_hex_encode(struct pq_slice data, struct pq_buf *out);
PQ_NODISCARD enum pq_status pq_hex_decode(struct pq_slice text, struct pq_buf *out);

/* ---- allocation ------------------------------------------------------------------------------ */

/* Where layers above the core get memory, so that a test can make the n-th request fail.
 * `resize(ctx, NULL, n)` allocates, `resize(ctx, p, 0)` frees and returns NULL; otherwise as
 * realloc(). */
struct pq_alloc {
    void *(*resize)(void *ctx, void *old, size_t size);
    void *ctx;
    /* Octets that an arena asks for at once; zero: as many as are sensible. With one it asks for
     * each piece by itself, which a test can then refuse, and a sanitizer sees where it ends. */
    size_t block;
};

/* The C library's allocator. */
struct pq_alloc pq_alloc_default(void);

/* Growable octets with a declared maximum. */
struct pq_bytes {
    uint8_t *at;
    size_t len, cap;
    size_t max; /* len never exceeds it */
    struct pq_alloc alloc;
};

void pq_bytes_init(struct pq_bytes *b, struct pq_alloc alloc, size_t max);
/* NO_MEMORY: past `max`, or the allocator refused; the content is as before. */
PQ_NODISCARD enum pq_status pq_bytes_put(struct pq_bytes *b, struct pq_slice s);
PQ_NODISCARD enum pq_status pq_bytes_put_text(struct pq_bytes *b, const char *text);
/* Makes room for `n` more octets and lends it at `at + len`; add what was used to `len`. */
PQ_NODISCARD enum pq_status pq_bytes_reserve(struct pq_bytes *b, size_t n);
/* Drops the first `n` octets (n <= len). */
void pq_bytes_drop(struct pq_bytes *b, size_t n);
struct pq_slice pq_bytes_slice(const struct pq_bytes *b);
void pq_bytes_clear(struct pq_bytes *b); /* forgets the content, keeps the memory */
void pq_bytes_free(struct pq_bytes *b);  /* gives the memory back; may be used again */

/* Memory that is given back all at once. */
struct pq_arena {
    struct pq_arena_block *blocks;
    size_t used, max; /* octets given out and their limit */
    struct pq_alloc alloc;
};

void pq_arena_init(struct pq_arena *a, struct pq_alloc alloc, size_t max);
/* Zeroed memory, aligned for any type; NULL past the maximum or when the allocator refuses. */
PQ_NODISCARD void *pq_arena_get(struct pq_arena *a, size_t size);
/* Copies; the copy has a NUL behind it that is not counted. A failed copy has a NULL `at`. */
struct pq_slice pq_arena_copy(struct pq_arena *a, struct pq_slice s);
char *pq_arena_text(struct pq_arena *a, struct pq_slice s);
void pq_arena_free(struct pq_arena *a);

/* ---- deterministic random numbers ------------------------------------------------------------ */

/* xorshift64* (Vigna 2016). Same seed, same numbers, on every machine. Not for secrets. */
struct pq_rand {
    uint64_t state;
};

void pq_rand_init(struct pq_rand *r, uint64_t seed);
uint64_t pq_rand_next(struct pq_rand *r);
/* Uniform in 0 .. below-1; `below` is not zero. */
uint64_t pq_rand_below(struct pq_rand *r, uint64_t below);

#endif
