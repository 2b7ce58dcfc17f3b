/* SPDX-License-Identifier: Apache-2.0 */
#include "mock/control.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#define ADVANCE_MAX_MS 1e15 /* below 2^53, so that a JSON number is exact */

struct request {
    struct pq_mock *mock;
    const cJSON *json;
    struct pq_control *control;
};

static cJSON *error_of(const char *text)
{
    cJSON *answer = cJSON_CreateObject();
    cJSON_AddStringToObject(answer, "error", text);
    return answer;
}

static cJSON *ok(void)
{
    cJSON *answer = cJSON_CreateObject();
    cJSON_AddTrueToObject(answer, "ok");
    return answer;
}

static struct pq_account *account_of(const struct request *r, const cJSON *value)
{
    const char *name = cJSON_GetStringValue(value);
    return name ? pq_store_find(&r->mock->store, pq_slice_text(name)) : NULL;
}

/* ---- commands -------------------------------------------------------------------------------- */

static cJSON *advance(const struct request *r, const cJSON *value)
{
    double ms = cJSON_IsNumber(value) ? value->valuedouble : -1;
    if (!r->control->manual)
        return error_of("the clock is real: start with --clock MS");
    if (!(ms >= 0 && ms <= ADVANCE_MAX_MS) || (double)(uint64_t)ms != ms)
        return error_of("advance_ms: give a whole number of milliseconds from 0 to 10^15");
    r->control->advance_ms = (uint64_t)ms;
    char digits[PQ_U64_TEXT_MAX + 1]; /* cJSON would write large numbers with an exponent */
    unsigned long long then_ms = r->control->now_ms + r->control->advance_ms;
    (void)snprintf(digits, sizeof(digits), "%llu", then_ms);
    cJSON *answer = cJSON_CreateObject();
    cJSON_AddRawToObject(answer, "now_ms", digits);
    return answer;
}

static cJSON *reset(const struct request *r, const cJSON *value)
{
    if (!cJSON_IsTrue(value))
        return error_of("reset: give true");
    pq_store_reset(&r->mock->store);
    return ok();
}

/* Adds a message under a label that no other one has. */
static enum pq_status deliver_content(struct pq_mock *mock, struct pq_account *a,
                                      struct pq_slice content)
{
    uint8_t label[sizeof("delivered ") + PQ_U64_TEXT_MAX];
    struct pq_buf name;
    pq_buf_init(&name, label, sizeof(label));
    pq_buf_put_text(&name, "delivered ");
    pq_buf_put_u64(&name, ++mock->deliveries);
    enum pq_status status = pq_store_deliver(&mock->store, a, pq_buf_slice(&name), content);
    if (status == PQ_STATUS_OK)
        a->messages[a->count - 1]->delivered = true;
    return status;
}

static enum pq_status deliver_base64(struct pq_mock *mock, struct pq_account *a,
                                     struct pq_slice text)
{
    struct pq_bytes memory;
    struct pq_buf content;
    pq_bytes_init(&memory, mock->alloc, pq_base64_decoded_max(text.len) + 1);
    enum pq_status status = pq_bytes_reserve(&memory, memory.max);
    pq_buf_init(&content, memory.at, memory.cap);
    if (status == PQ_STATUS_OK)
        status = pq_base64_decode(text, &content);
    if (status == PQ_STATUS_OK)
        status = deliver_content(mock, a, pq_buf_slice(&content));
    pq_bytes_free(&memory);
    return status;
}

static cJSON *deliver(const struct request *r, const cJSON *value)
{
    struct pq_account *a = account_of(r, value);
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(r->json, "base64"));
    if (!a)
        return error_of("deliver: there is no such account");
    if (a->mbox)
        return error_of("deliver: the maildrop is an mbox: append to the file");
    if (!text)
        return error_of("deliver: give the message as \"base64\"");
    enum pq_status status = deliver_base64(r->mock, a, pq_slice_text(text));
    return status == PQ_STATUS_OK ? ok() : error_of(pq_status_text(status));
}

/* NULL: no memory. */
static cJSON *base64_of(struct pq_alloc alloc, struct pq_slice content)
{
    struct pq_bytes text;
    struct pq_buf out;
    size_t len = pq_base64_encoded_len(content.len);
    cJSON *json = NULL;
    pq_bytes_init(&text, alloc, len + 1);
    if (pq_bytes_reserve(&text, len + 1) == PQ_STATUS_OK) {
        pq_buf_init(&out, text.at, len);
        if (pq_base64_encode(content, &out) == PQ_STATUS_OK) {
            text.at[len] = 0;
            json = cJSON_CreateString((const char *)text.at);
        }
    }
    pq_bytes_free(&text);
    return json;
}

static bool add_message(const struct request *r, cJSON *messages, const struct pq_stored *m)
{
    char uid[PQ_STORE_UID_LEN + 1] = {0};
    memcpy(uid, m->uid, PQ_STORE_UID_LEN);
    cJSON *json = cJSON_CreateObject();
    return cJSON_AddItemToArray(messages, json) &&
           cJSON_AddItemToObject(json, "base64", base64_of(r->mock->alloc, m->content)) &&
           cJSON_AddStringToObject(json, "uid", uid);
}

static cJSON *peek(const struct request *r, const cJSON *value)
{
    const struct pq_account *a = account_of(r, value);
    if (!a)
        return error_of("peek: there is no such account");
    cJSON *answer = cJSON_CreateObject();
    cJSON *messages = cJSON_AddArrayToObject(answer, "messages");
    for (size_t i = 0; i < a->count; i++)
        if (!a->messages[i]->gone && !add_message(r, messages, a->messages[i])) {
            cJSON_Delete(answer);
            return error_of("peek: memory is exhausted");
        }
    return answer;
}

static cJSON *quit(const struct request *r, const cJSON *value)
{
    if (!cJSON_IsTrue(value))
        return error_of("quit: give true");
    r->control->quit = true;
    return NULL;
}

static const struct {
    const char *key;
    cJSON *(*obey)(const struct request *r, const cJSON *value);
} commands[] = {
    {"advance_ms", advance}, {"reset", reset}, {"deliver", deliver}, {"peek", peek}, {"quit", quit},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

/* The only command of the line; COMMAND_COUNT when there is none, or more than one. */
static size_t find_command(const cJSON *json)
{
    size_t found = COMMAND_COUNT, count = 0;
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (cJSON_GetObjectItemCaseSensitive(json, commands[i].key)) {
            found = i;
            count++;
        }
    return count == 1 ? found : COMMAND_COUNT;
}

static cJSON *obey(const struct request *r)
{
    if (!cJSON_IsObject(r->json))
        return error_of("the line is not a JSON object");
    size_t i = find_command(r->json);
    if (i == COMMAND_COUNT)
        return error_of("give one of advance_ms, reset, deliver, peek, quit");
    return commands[i].obey(r, cJSON_GetObjectItemCaseSensitive(r->json, commands[i].key));
}

/* The object that the line is, and nothing behind it; or NULL. */
static cJSON *parse(struct pq_slice line)
{
    const char *end = NULL;
    if (pq_slice_octets(line) & (PQ_OCTETS_NUL | PQ_OCTETS_CONTROL))
        return NULL; /* cJSON would take them for blanks */
    cJSON *json = cJSON_ParseWithLengthOpts((const char *)line.at, line.len, &end, false);
    if (!json)
        return NULL;
    for (struct pq_slice rest = pq_slice_after(line, (size_t)(end - (const char *)line.at));
         rest.len > 0; rest = pq_slice_after(rest, 1))
        if (rest.at[0] != ' ' && rest.at[0] != '\t' && rest.at[0] != '\r') {
            cJSON_Delete(json);
            return NULL;
        }
    return json;
}

enum pq_status pq_control_obey(struct pq_mock *mock, struct pq_slice line,
                               struct pq_control *control, struct pq_bytes *answer)
{
    cJSON *json = parse(line);
    struct request r = {mock, json, control};
    control->advance_ms = 0;
    control->quit = false;
    cJSON *reply = obey(&r);
    char *text = reply ? cJSON_PrintUnformatted(reply) : NULL;
    enum pq_status status = text || control->quit ? PQ_STATUS_OK : PQ_STATUS_NO_MEMORY;
    if (text)
        status = pq_bytes_put_text(answer, text);
    if (text && status == PQ_STATUS_OK)
        status = pq_bytes_put_text(answer, "\n");
    cJSON_free(text);
    cJSON_Delete(reply);
    cJSON_Delete(json);
    return status;
}
