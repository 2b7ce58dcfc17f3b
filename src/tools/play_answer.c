/* SPDX-License-Identifier: Apache-2.0
 * What the runner answers to an ask. */
#include <stdio.h>

#include "tools/play_request.h"

enum answer_key { A_RESULT, A_WHY, A_MESSAGES };
static const struct json_key answer_keys[] = {
    [A_RESULT] = {"result", JSON_STRING, true, false},
    [A_WHY] = {"why", JSON_STRING, false, true},
    [A_MESSAGES] = {"messages", JSON_ARRAY, false, true},
};
static const struct json_schema answer_schema = JSON_SCHEMA("answer", answer_keys);

enum message_key { M_UID, M_SIZE, M_OCTETS };
static const struct json_key message_keys[] = {
    [M_UID] = {"uid", JSON_STRING, false, true},
    [M_SIZE] = {"size", JSON_NUMBER, false, true},
    [M_OCTETS] = {"octets", JSON_STRING, false, true}, /* in base64 */
};
static const struct json_schema message_schema = JSON_SCHEMA("message", message_keys);

static bool read_octets(const cJSON *v, struct pq_arena *arena, struct pq_peeked *m, char *why)
{
    if (!v)
        return true;
    struct pq_slice text = json_slice(v);
    size_t most = pq_base64_decoded_max(text.len);
    void *memory = pq_arena_get(arena, most + 1);
    struct pq_buf b;
    pq_buf_init(&b, memory, memory ? most : 0);
    if (!memory || pq_base64_decode(text, &b) != PQ_STATUS_OK)
        return json_complain(why, "message", "octets", "is not base64, or too long");
    m->octets = pq_buf_slice(&b);
    m->has_octets = true;
    return true;
}

static bool read_message(const cJSON *o, struct pq_arena *arena, struct pq_peeked *m, char *why)
{
    struct json_values v;
    if (!cJSON_IsObject(o) || !json_read(o, &message_schema, &v, why))
        return json_complain(why, "answer", "messages", "holds something that is not a message");
    m->has_size = v.at[M_SIZE] != NULL;
    if (m->has_size)
        m->size = (uint64_t)v.at[M_SIZE]->valuedouble;
    if (v.at[M_UID])
        m->uid = pq_arena_copy(arena, json_slice(v.at[M_UID]));
    return read_octets(v.at[M_OCTETS], arena, m, why);
}

static bool read_messages(const cJSON *array, struct pq_answer *answer, char *why)
{
    size_t count = (size_t)cJSON_GetArraySize(array);
    if (count > PQ_PEEKED_MAX)
        return json_complain(why, "answer", "messages", "are more than 10000");
    struct pq_peeked *messages = pq_arena_get(answer->arena, (count + 1) * sizeof(*messages));
    if (!messages)
        return json_complain(why, "answer", "messages", "do not fit into memory");
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
    struct json_values v;
    if (!json_read(value, &answer_schema, &v, why))
        return false;
    answer->kind = pq_answer_of(json_slice(v.at[A_RESULT]));
    if (answer->kind >= PQ_ANSWER_SPENT)
        return json_complain(why, "answer", "result", "is done, unable or failed");
    if (v.at[A_WHY])
        (void)json_complain(why, "runner", NULL, v.at[A_WHY]->valuestring);
    if (ask->what != PQ_ASK_PEEK || answer->kind != PQ_ANSWER_DONE)
        return true;
    if (!v.at[A_MESSAGES])
        return json_complain(why, "answer", "messages", "is missing");
    return read_messages(v.at[A_MESSAGES], answer, why);
}

void play_request_answer(const cJSON *value, const struct pq_ask *ask, struct pq_answer *answer)
{
    char why[JSON_WHY_MAX] = "";
    if (!read_answer(value, ask, answer, why))
        answer->kind = PQ_ANSWER_FAILED;
    (void)snprintf(answer->why, sizeof(answer->why), "%.*s", (int)sizeof(answer->why) - 1, why);
}
