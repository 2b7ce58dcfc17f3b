/* SPDX-License-Identifier: Apache-2.0 */
#include "mock/control.h"

#include <cjson/cJSON.h>
#include <string.h>

#define ADVANCE_MAX_MS 1e15 /* below 2^53, so that a JSON number is exact */

struct request {
    struct pq_mock *mock;
    const cJSON *json;
    uint64_t now_ms;
    bool manual;
    struct pq_control *asked;
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

static struct pq_account *account_of(const struct request *r, const char *key)
{
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(r->json, key));
    return name ? pq_store_find(&r->mock->store, pq_slice_text(name)) : NULL;
}

/* ---- commands -------------------------------------------------------------------------------- */

static cJSON *advance(const struct request *r, const cJSON *value)
{
    if (!r->manual)
        return error_of("the clock is real: start with --clock MS");
    if (!cJSON_IsNumber(value) || value->valuedouble < 0 || value->valuedouble > ADVANCE_MAX_MS)
        return error_of("advance_ms: give a number of milliseconds from 0");
    r->asked->advance_ms = (uint64_t)value->valuedouble;
    cJSON *answer = cJSON_CreateObject();
    cJSON_AddNumberToObject(answer, "now_ms", (double)(r->now_ms + r->asked->advance_ms));
    return answer;
}

static cJSON *reset(const struct request *r, const cJSON *value)
{
    (void)value;
    pq_store_reset(&r->mock->store);
    return ok();
}

static cJSON *deliver(const struct request *r, const cJSON *value)
{
    struct pq_account *a = account_of(r, "deliver");
    struct pq_slice text =
        pq_slice_text(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(r->json, "base64")));
    struct pq_bytes content;
    (void)value;
    if (!a)
        return error_of("deliver: there is no such account");
    pq_bytes_init(&content, r->mock->alloc, text.len + 1);
    enum pq_status status = pq_bytes_reserve(&content, text.len + 1);
    struct pq_buf decoded;
    pq_buf_init(&decoded, content.at, content.cap);
    if (status == PQ_STATUS_OK)
        status = pq_base64_decode(text, &decoded);
    uint8_t label[32];
    struct pq_buf name;
    pq_buf_init(&name, label, sizeof(label));
    pq_buf_put_text(&name, "delivered ");
    pq_buf_put_u64(&name, ++r->mock->deliveries);
    if (status == PQ_STATUS_OK)
        status = pq_store_deliver(&r->mock->store, a, pq_buf_slice(&name), pq_buf_slice(&decoded));
    if (status == PQ_STATUS_OK)
        a->messages[a->count - 1]->delivered = true;
    pq_bytes_free(&content);
    return status == PQ_STATUS_OK ? ok() : error_of(pq_status_text(status));
}

static cJSON *message_of(const struct request *r, const struct pq_stored *m)
{
    struct pq_bytes text;
    cJSON *json = cJSON_CreateObject();
    size_t len = pq_base64_encoded_len(m->content.len);
    pq_bytes_init(&text, r->mock->alloc, len + 1);
    if (pq_bytes_reserve(&text, len + 1) == PQ_STATUS_OK) {
        struct pq_buf out;
        pq_buf_init(&out, text.at, len);
        if (pq_base64_encode(m->content, &out) == PQ_STATUS_OK) {
            text.at[len] = 0;
            cJSON_AddStringToObject(json, "base64", (const char *)text.at);
        }
    }
    char uid[PQ_STORE_UID_LEN + 1] = {0};
    memcpy(uid, m->uid, PQ_STORE_UID_LEN);
    cJSON_AddStringToObject(json, "uid", uid);
    pq_bytes_free(&text);
    return json;
}

static cJSON *peek(const struct request *r, const cJSON *value)
{
    const struct pq_account *a = account_of(r, "peek");
    (void)value;
    if (!a)
        return error_of("peek: there is no such account");
    cJSON *answer = cJSON_CreateObject();
    cJSON *messages = cJSON_AddArrayToObject(answer, "messages");
    for (size_t i = 0; i < a->count; i++)
        if (!a->messages[i]->gone)
            cJSON_AddItemToArray(messages, message_of(r, a->messages[i]));
    return answer;
}

static cJSON *quit(const struct request *r, const cJSON *value)
{
    (void)value;
    r->asked->quit = true;
    return NULL;
}

static const struct {
    const char *key;
    cJSON *(*obey)(const struct request *r, const cJSON *value);
} commands[] = {
    {"advance_ms", advance}, {"reset", reset}, {"deliver", deliver}, {"peek", peek}, {"quit", quit},
};

static cJSON *obey(const struct request *r)
{
    if (!cJSON_IsObject(r->json))
        return error_of("the line is not a JSON object");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(r->json, commands[i].key);
        if (value)
            return commands[i].obey(r, value);
    }
    return error_of("give one of advance_ms, reset, deliver, peek, quit");
}

enum pq_status pq_control_obey(struct pq_mock *mock, struct pq_slice line, uint64_t now_ms,
                               bool manual, struct pq_control *asked, struct pq_bytes *answer)
{
    cJSON *json = cJSON_ParseWithLength((const char *)line.at, line.len);
    struct request r = {mock, json, now_ms, manual, asked};
    *asked = (struct pq_control){.quit = false};
    cJSON *reply = obey(&r);
    char *text = reply ? cJSON_PrintUnformatted(reply) : NULL;
    enum pq_status status = PQ_STATUS_OK;
    if (text)
        status = pq_bytes_put_text(answer, text);
    if (text && status == PQ_STATUS_OK)
        status = pq_bytes_put_text(answer, "\n");
    cJSON_free(text);
    cJSON_Delete(reply);
    cJSON_Delete(json);
    return status;
}
