/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON objects read strictly, by a table of their keys: every key is known, has its type, and
 * stands once. What is wrong is told in one printable line.
 */
#ifndef PQ_TOOLS_JSON_STRICT_H
#define PQ_TOOLS_JSON_STRICT_H

#include <cjson/cJSON.h>

#include "popquiz/base.h"

enum json_type { JSON_STRING, JSON_NUMBER, JSON_BOOL, JSON_OBJECT, JSON_ID, JSON_ARRAY };

/* A key that an object may have. */
struct json_key {
    const char *name;
    enum json_type type;
    bool required;
    bool null; /* null is as if the key were absent */
};

/* The keys of an object, and what complaints call it. */
struct json_schema {
    const char *name;
    const struct json_key *keys;
    size_t count;
};

#define JSON_SCHEMA(name, keys)                                                                    \
    {                                                                                              \
        name, keys, sizeof(keys) / sizeof((keys)[0])                                               \
    }

#define JSON_KEYS_MAX 20u
#define JSON_WHY_MAX 300u

/* The values of an object's keys, in the order of their table; NULL: absent. */
struct json_values {
    const cJSON *at[JSON_KEYS_MAX];
};

/* Reads an object. False, with the reason in `why`, which has room for JSON_WHY_MAX octets. */
bool json_read(const cJSON *o, const struct json_schema *schema, struct json_values *values,
               char *why);
/* Fills `why` with OBJECT: "KEY" PROBLEM, in printable ASCII; `key` may be NULL. Returns false. */
bool json_complain(char *why, const char *object, const char *key, const char *problem);
bool json_has_type(const cJSON *v, enum json_type type);
/* A string, and the index of it in a list of words, or -1. */
struct pq_slice json_slice(const cJSON *v); /* NULL: a NULL `at` */
int json_word(const cJSON *v, const char *const *words, size_t count);

#endif
