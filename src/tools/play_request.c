/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/play_request.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* ---- objects with known keys ------------------------------------------------------------------ */

enum json_type { JSON_STRING, JSON_NUMBER, JSON_BOOL, JSON_OBJECT, JSON_ID, JSON_ARRAY };

static const char *const type_names[] = {
    [JSON_STRING] = "a string",         [JSON_NUMBER] = "a whole number that is not negative",
    [JSON_BOOL] = "true or false",      [JSON_OBJECT] = "an object",
    [JSON_ID] = "a string or a number", [JSON_ARRAY] = "an array",
};

/* A key that an object may have. */
struct key {
    const char *name;
    enum json_type type;
    bool required;
    bool null; /* null is as if the key were absent */
};

#define KEYS_MAX 20u

/* The values of an object's keys, in the order of their table; NULL: absent. */
struct values {
    const cJSON *at[KEYS_MAX];
};

/* 2^53: up to here every whole number is a double of its own. */
#define NUMBER_MAX 9007199254740992.0

static bool is_whole(const cJSON *v)
{
    return cJSON_IsNumber(v) && v->valuedouble >= 0 && v->valuedouble <= NUMBER_MAX &&
           v->valuedouble == (double)(uint64_t)v->valuedouble;
}

static bool has_type(const cJSON *v, enum json_type type)
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

/* "OBJECT: PROBLEM", with a key of the line in between, of which only printable octets are shown. */
static bool complain(char *why, const char *object, const char *key, const char *problem)
{
    (void)snprintf(why, PLAY_REQUEST_WHY_MAX, "%s: %s%.60s%s%s", object, key ? "\"" : "",
                   key ? key : "", key ? "\" " : "", problem);
    for (char *c = why; *c; c++)
        if (!pq_ascii_is_printable((uint8_t)*c))
            *c = '?';
    return false;
}

static size_t key_index(const struct key *keys, size_t count, const char *name)
{
    size_t i = 0;
    while (i < count && strcmp(keys[i].name, name) != 0)
        i++;
    return i;
}

static bool read_member(const cJSON *member, const struct key *keys, size_t count,
                        struct values *values, const char *object, char *why)
{
    size_t i = key_index(keys, count, member->string);
    char problem[80];
    if (i == count)
        return complain(why, object, member->string, "is not a key that is known here");
    if (values->at[i])
        return complain(why, object, member->string, "stands there twice");
    if (keys[i].null && cJSON_IsNull(member))
        return true;
    (void)snprintf(problem, sizeof(problem), "must be %s", type_names[keys[i].type]);
    if (!has_type(member, keys[i].type))
        return complain(why, object, member->string, problem);
    values->at[i] = member;
    return true;
}

/* Reads an object; `object` is what it is called in complaints. */
static bool read_object(const cJSON *o, const struct key *keys, size_t count, struct values *values,
                        const char *object, char *why)
{
    const cJSON *member = NULL;
    *values = (struct values){{NULL}};
    cJSON_ArrayForEach(member, o)
    {
        if (!read_member(member, keys, count, values, object, why))
            return false;
    }
    for (size_t i = 0; i < count; i++)
        if (keys[i].required && !values->at[i])
            return complain(why, object, keys[i].name, "is missing");
    return true;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- values ----------------------------------------------------------------------------------- */

static const char *text_of(const cJSON *v)
{
    return v ? v->valuestring : NULL;
}

static struct pq_slice slice_of(const cJSON *v)
{
    return v ? pq_slice_text(v->valuestring) : pq_slice_of(NULL, 0);
}

static bool is_true(const cJSON *v, bool otherwise)
{
    return v ? cJSON_IsTrue(v) : otherwise;
}

/* The index of a word in a list, or -1. */
static int word_of(const cJSON *v, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(v->valuestring, words[i]) == 0)
            return (int)i;
    return -1;
}

/* ---- run -------------------------------------------------------------------------------------- */

enum target_key { T_ADDRESS, T_TLS, T_TLS_ADDRESS, T_CA, T_VERIFY, T_HOST, T_CERT, T_KEY };
static const struct key target_keys[] = {
    [T_ADDRESS] = {"address", JSON_STRING, true, false},
    [T_TLS] = {"tls", JSON_STRING, false, true},
    [T_TLS_ADDRESS] = {"tls_address", JSON_STRING, false, true},
    [T_CA] = {"ca_file", JSON_STRING, false, true},
    [T_VERIFY] = {"verify", JSON_BOOL, false, true},
    [T_HOST] = {"host", JSON_STRING, false, true},
    [T_CERT] = {"client_cert", JSON_STRING, false, true},
    [T_KEY] = {"client_key", JSON_STRING, false, true},
};

static bool read_target(const cJSON *o, struct play_job *job, char *why)
{
    static const char *const tls_words[] = {"none", "stls", "implicit"};
    struct values v;
    if (!read_object(o, target_keys, COUNT(target_keys), &v, "target", why))
        return false;
    int tls = v.at[T_TLS] ? word_of(v.at[T_TLS], tls_words, COUNT(tls_words)) : 0;
    if (tls < 0)
        return complain(why, "target", "tls", "is none, stls or implicit");
    job->tls = (enum pq_run_tls)tls;
    job->target = (struct pq_target_config){
        .address = text_of(v.at[T_ADDRESS]),
        .tls_address = text_of(v.at[T_TLS_ADDRESS]),
        .host = text_of(v.at[T_HOST]),
        .ca_file = text_of(v.at[T_CA]),
        .verify = is_true(v.at[T_VERIFY], true),
        .client_cert = text_of(v.at[T_CERT]),
        .client_key = text_of(v.at[T_KEY]),
    };
    return true;
}

enum vars_key { V_USER, V_PW, V_USER2, V_PW2 };
static const struct key vars_keys[] = {
    [V_USER] = {"user", JSON_STRING, false, true},
    [V_PW] = {"pw", JSON_STRING, false, true},
    [V_USER2] = {"user2", JSON_STRING, false, true},
    [V_PW2] = {"pw2", JSON_STRING, false, true},
};

static bool read_vars(const cJSON *o, struct play_job *job, char *why)
{
    struct values v;
    if (o && !read_object(o, vars_keys, COUNT(vars_keys), &v, "vars", why))
        return false;
    if (o)
        job->vars = (struct pq_run_vars){
            .user = slice_of(v.at[V_USER]),
            .pw = slice_of(v.at[V_PW]),
            .user2 = slice_of(v.at[V_USER2]),
            .pw2 = slice_of(v.at[V_PW2]),
        };
    return true;
}

enum run_key {
    R_RUN,
    R_FILE,
    R_ROW,
    R_TARGET,
    R_LOGIN,
    R_VARS,
    R_PATIENCE,
    R_SEGMENT,
    R_SEED,
    R_CLOCK,
    R_TRACE,
    R_RECORD,
    R_SECRETS,
};
static const struct key run_keys[] = {
    [R_RUN] = {"run", JSON_ID, true, false},
    [R_FILE] = {"file", JSON_STRING, true, false},
    [R_ROW] = {"row", JSON_NUMBER, false, true},
    [R_TARGET] = {"target", JSON_OBJECT, true, false},
    [R_LOGIN] = {"login", JSON_STRING, false, true},
    [R_VARS] = {"vars", JSON_OBJECT, false, true},
    [R_PATIENCE] = {"patience_ms", JSON_NUMBER, false, true},
    [R_SEGMENT] = {"segment", JSON_STRING, false, true},
    [R_SEED] = {"seed", JSON_NUMBER, false, true},
    [R_CLOCK] = {"clock", JSON_STRING, false, true},
    [R_TRACE] = {"trace", JSON_BOOL, false, true},
    [R_RECORD] = {"record", JSON_BOOL, false, true},
    [R_SECRETS] = {"record_secrets", JSON_BOOL, false, true},
};

static bool read_numbers(const struct values *v, struct play_job *job, char *why)
{
    job->patience_ms = PLAY_PATIENCE_MS;
    if (v->at[R_PATIENCE]) {
        if (v->at[R_PATIENCE]->valuedouble < 1 ||
            v->at[R_PATIENCE]->valuedouble > PLAY_PATIENCE_MAX_MS)
            return complain(why, "run", "patience_ms", "is 1 to 600000");
        job->patience_ms = (uint32_t)v->at[R_PATIENCE]->valuedouble;
    }
    if (v->at[R_ROW])
        job->row = (size_t)v->at[R_ROW]->valuedouble;
    if (v->at[R_SEED])
        job->seed = (uint64_t)v->at[R_SEED]->valuedouble;
    return true;
}

static bool read_words(const struct values *v, struct play_job *job, char *why)
{
    static const char *const clock_words[] = {"real", "ask"};
    int clock = v->at[R_CLOCK] ? word_of(v->at[R_CLOCK], clock_words, COUNT(clock_words)) : 0;
    if (clock < 0)
        return complain(why, "run", "clock", "is real or ask");
    job->ask_clock = clock == 1;
    if (v->at[R_SEGMENT] && !pq_cut_parse(slice_of(v->at[R_SEGMENT]), &job->cut))
        return complain(why, "run", "segment",
                        "is whole, byte, mid-crlf, after-crlf or a number of octets");
    return true;
}

static bool read_run(struct play_request *r)
{
    struct values v;
    struct play_job *job = &r->job;
    r->run = cJSON_GetObjectItemCaseSensitive(r->tree, "run");
    if (!has_type(r->run, JSON_ID))
        r->run = NULL;
    if (!read_object(r->tree, run_keys, COUNT(run_keys), &v, "run", r->why) ||
        !read_target(v.at[R_TARGET], job, r->why) || !read_vars(v.at[R_VARS], job, r->why) ||
        !read_numbers(&v, job, r->why) || !read_words(&v, job, r->why))
        return false;
    job->file = text_of(v.at[R_FILE]);
    job->login = text_of(v.at[R_LOGIN]);
    job->record = is_true(v.at[R_RECORD], false);
    job->record_secrets = is_true(v.at[R_SECRETS], false);
    r->trace = is_true(v.at[R_TRACE], false);
    return true;
}

/* ---- lines ------------------------------------------------------------------------------------ */

static bool read_tree(struct play_request *r, struct pq_slice line)
{
    if (memchr(line.at, 0, line.len))
        return complain(r->why, "line", NULL, "it holds a NUL octet");
    if (!pq_slice_is_utf8(line))
        return complain(r->why, "line", NULL, "it is not UTF-8");
    const char *end = NULL;
    r->tree = cJSON_ParseWithLengthOpts((const char *)line.at, line.len, &end, false);
    bool whole = cJSON_IsObject(r->tree);
    for (; whole && end < (const char *)line.at + line.len; end++)
        whole = *end == ' ' || *end == '\r';
    return whole || complain(r->why, "line", NULL, "it is not one JSON object");
}

static bool read_line(struct play_request *r)
{
    static const struct key answer_keys[] = {{"answer", JSON_OBJECT, true, false}};
    static const struct key quit_keys[] = {{"quit", JSON_BOOL, true, false}};
    struct values v;
    if (cJSON_HasObjectItem(r->tree, "run")) {
        r->kind = PLAY_REQUEST_RUN;
        return read_run(r);
    }
    if (cJSON_HasObjectItem(r->tree, "answer")) {
        r->kind = PLAY_REQUEST_ANSWER;
        bool good = read_object(r->tree, answer_keys, 1, &v, "line", r->why);
        r->answer = good ? v.at[0] : NULL;
        return good;
    }
    if (cJSON_HasObjectItem(r->tree, "quit")) {
        r->kind = PLAY_REQUEST_QUIT;
        return read_object(r->tree, quit_keys, 1, &v, "line", r->why);
    }
    return complain(r->why, "line", NULL, "it has none of the keys run, answer and quit");
}

void play_request_read(struct play_request *r, struct pq_slice line)
{
    memset(r, 0, sizeof(*r));
    if (!read_tree(r, line) || !read_line(r))
        r->kind = PLAY_REQUEST_BAD;
}

void play_request_free(struct play_request *r)
{
    cJSON_Delete(r->tree);
    r->tree = NULL;
}

/* ---- answers ---------------------------------------------------------------------------------- */

enum answer_key { A_RESULT, A_WHY, A_MESSAGES };
static const struct key answer_keys[] = {
    [A_RESULT] = {"result", JSON_STRING, true, false},
    [A_WHY] = {"why", JSON_STRING, false, true},
    [A_MESSAGES] = {"messages", JSON_ARRAY, false, true},
};

enum message_key { M_UID, M_SIZE, M_OCTETS };
static const struct key message_keys[] = {
    [M_UID] = {"uid", JSON_STRING, false, true},
    [M_SIZE] = {"size", JSON_NUMBER, false, true},
    [M_OCTETS] = {"octets", JSON_STRING, false, true}, /* in base64 */
};

static bool read_octets(const cJSON *v, struct pq_arena *arena, struct pq_peeked *m, char *why)
{
    if (!v)
        return true;
    struct pq_slice text = slice_of(v);
    size_t most = pq_base64_decoded_max(text.len);
    void *memory = pq_arena_get(arena, most + 1);
    struct pq_buf b;
    pq_buf_init(&b, memory, memory ? most : 0);
    if (!memory || pq_base64_decode(text, &b) != PQ_STATUS_OK)
        return complain(why, "message", "octets", "is not base64, or too long");
    m->octets = pq_buf_slice(&b);
    m->has_octets = true;
    return true;
}

static bool read_message(const cJSON *o, struct pq_arena *arena, struct pq_peeked *m, char *why)
{
    struct values v;
    if (!cJSON_IsObject(o) ||
        !read_object(o, message_keys, COUNT(message_keys), &v, "message", why))
        return complain(why, "answer", "messages", "holds something that is not a message");
    m->has_size = v.at[M_SIZE] != NULL;
    if (m->has_size)
        m->size = (uint64_t)v.at[M_SIZE]->valuedouble;
    if (v.at[M_UID])
        m->uid = pq_arena_copy(arena, slice_of(v.at[M_UID]));
    return read_octets(v.at[M_OCTETS], arena, m, why);
}

static bool read_messages(const cJSON *array, struct pq_answer *answer, char *why)
{
    size_t count = (size_t)cJSON_GetArraySize(array);
    if (count > PQ_PEEKED_MAX)
        return complain(why, "answer", "messages", "are more than 10000");
    struct pq_peeked *messages = pq_arena_get(answer->arena, (count + 1) * sizeof(*messages));
    if (!messages)
        return complain(why, "answer", "messages", "do not fit into memory");
    size_t n = 0;
    const cJSON *o = NULL;
    cJSON_ArrayForEach(o, array)
    {
        if (!read_message(o, answer->arena, &messages[n++], why))
            return false;
    }
    answer->messages = messages;
    answer->count = count;
    return true;
}

static bool read_answer(const cJSON *value, const struct pq_ask *ask, struct pq_answer *answer,
                        char *why)
{
    struct values v;
    if (!read_object(value, answer_keys, COUNT(answer_keys), &v, "answer", why))
        return false;
    answer->kind = pq_answer_of(slice_of(v.at[A_RESULT]));
    if (answer->kind >= PQ_ANSWER_SPENT)
        return complain(why, "answer", "result", "is done, unable or failed");
    if (v.at[A_WHY])
        (void)complain(why, "runner", NULL, v.at[A_WHY]->valuestring);
    if (ask->what != PQ_ASK_PEEK || answer->kind != PQ_ANSWER_DONE)
        return true;
    if (!v.at[A_MESSAGES])
        return complain(why, "answer", "messages", "is missing");
    return read_messages(v.at[A_MESSAGES], answer, why);
}

void play_request_answer(const cJSON *value, const struct pq_ask *ask, struct pq_answer *answer)
{
    char why[PLAY_REQUEST_WHY_MAX] = "";
    if (!read_answer(value, ask, answer, why))
        answer->kind = PQ_ANSWER_FAILED;
    (void)snprintf(answer->why, sizeof(answer->why), "%.*s", (int)sizeof(answer->why) - 1, why);
}
