/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/json_strict.h"

#include <stdio.h>
#include <string.h>

static const char *const type_names[] = {
    [JSON_STRING] = "a string",         [JSON_NUMBER] = "a whole number that is not negative",
    [JSON_BOOL] = "true or false",      [JSON_OBJECT] = "an object",
    [JSON_ID] = "a string or a number", [JSON_ARRAY] = "an array",
};

/* 2^53: up to here every whole number is a double of its own. */
#define NUMBER_MAX 9007199254740992.0

static bool is_whole(const cJSON *v)
{
    return cJSON_IsNumber(v) && v->valuedouble >= 0 && v->valuedouble <= NUMBER_MAX &&
           v->valuedouble == (double)(uint64_t)v->valuedouble;
}

bool json_has_type(const cJSON *v, enum json_type type)
{
    switch (type) {
    case JSON_STRING:
        return cJSON_IsString(v);
    case JSON_NUMBER:
        return is_whole(v);
    case JSON_BOOL:
        return cJSON_IsBool(v);
    case JSON_OBJECT:
        return cJSON_IsObject(v);
    case JSON_ID:
        return cJSON_IsString(v) || cJSON_IsNumber(v);
    case JSON_ARRAY:
        return cJSON_IsArray(v);
    }
    return false;
}

/* "OBJECT: PROBLEM" with a key of the line in between, of which printable octets are shown. */
bool json_complain(char *why, const char *object, const char *key, const char *problem)
{
    (void)snprintf(why, JSON_WHY_MAX, "%s: %s%.60s%s%s", object, key ? "\"" : "", key ? key : "",
                   key ? "\" " : "", problem);
    for (char *c = why; *c; c++)
        if (!pq_ascii_is_printable((uint8_t)*c))
            *c = '?';
    return false;
}

static size_t key_index(const struct json_schema *schema, const char *name)
{
    size_t i = 0;
    while (i < schema->count && strcmp(schema->keys[i].name, name) != 0)
        i++;
    return i;
}

static bool read_member(const cJSON *member, const struct json_schema *schema,
                        struct json_values *values, char *why)
{
    size_t i = key_index(schema, member->string);
    char problem[80];
    if (i == schema->count)
        return json_complain(why, schema->name, member->string, "is not a key that is known here");
    const struct json_key *key = &schema->keys[i];
    if (values->at[i])
        return json_complain(why, schema->name, key->name, "stands there twice");
    if (key->null && cJSON_IsNull(member))
        return true;
    (void)snprintf(problem, sizeof(problem), "must be %s", type_names[key->type]);
    if (!json_has_type(member, key->type))
        return json_complain(why, schema->name, key->name, problem);
    values->at[i] = member;
    return true;
}

bool json_read(const cJSON *o, const struct json_schema *schema, struct json_values *values,
               char *why)
{
    const cJSON *member = NULL;
    *values = (struct json_values){{NULL}};
    cJSON_ArrayForEach(member, o)
    {
        if (!read_member(member, schema, values, why))
            return false;
    }
    for (size_t i = 0; i < schema->count; i++)
        if (schema->keys[i].required && !values->at[i])
            return json_complain(why, schema->name, schema->keys[i].name, "is missing");
    return true;
}

struct pq_slice json_slice(const cJSON *v)
{
    return v ? pq_slice_text(v->valuestring) : pq_slice_of(NULL, 0);
}

int json_word(const cJSON *v, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(v->valuestring, words[i]) == 0)
            return (int)i;
    return -1;
}
