/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: an accounts file is accepted exactly when every line of it is well-formed, and the
 * error names the first that is not; every line of the control channel gets one line of JSON that
 * says what became of the maildrop; a fault that is accepted has its constants in range, and the
 * server that has it stays within its memory. An option chooses which of the three the input is.
 */
#define _GNU_SOURCE /* memfd_create */
#include "harness/support.h"

#include <cjson/cJSON.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/plain.h"
#include "mock/control.h"
#include "mock/server.h"

/* The options: lines of the control channel are the default. */
#define OPTION_ACCOUNTS 1u
#define OPTION_FAULTS 2u
#define OPTION_REAL_CLOCK 4u

#define TEXT_MAX 4096u
#define ANSWER_MAX (1u << 20)

/* The next line of a text file. */
static struct pq_slice text_line(struct pq_slice *rest)
{
    return pq_slice_cut(rest, '\n');
}

/* One line that a person can read. */
static void check_why(const struct pq_why *why)
{
    struct pq_slice text = pq_slice_text(why->text);
    FUZZ_ASSERT(text.len > 0 && plain_is_within(text, 0x20, 0x7E));
}

/* ---- accounts -------------------------------------------------------------------------------- */

/* The text as a file in memory, written anew for each input. */
static void write_file(struct pq_slice text, char *path, size_t cap)
{
    static int file = -1;
    if (file < 0)
        file = memfd_create("accounts", MFD_CLOEXEC);
    FUZZ_ASSERT(file >= 0 && ftruncate(file, 0) == 0);
    FUZZ_ASSERT(pwrite(file, text.at, text.len, 0) == (ssize_t)text.len);
    FUZZ_ASSERT(snprintf(path, cap, "/dev/fd/%d", file) < (int)cap);
}

/* Takes the names of folders out, which would lead to other files, and CR, which may end a line. */
static struct pq_slice tame(struct pq_slice text, uint8_t *memory)
{
    size_t len = 0;
    unsigned tabs = 0;
    text = pq_slice_first(text, TEXT_MAX);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        tabs = c == '\n' ? 0 : tabs + (c == '\t');
        if (c != '\r' && (tabs < 2 || (tabs == 2 && c == '\t')))
            memory[len++] = c;
    }
    return pq_slice_of(memory, len);
}

struct account_line {
    struct pq_slice name, password;
};

/* False: the line is no account. */
static bool read_account(struct pq_slice line, struct account_line *a)
{
    a->password = line;
    a->name = pq_slice_cut(&a->password, '\t');
    a->password = pq_slice_cut(&a->password, '\t');
    return a->name.len >= 1 && a->name.len <= 255 && a->password.len >= 1 && a->password.len <= 255;
}

static bool is_taken(struct pq_slice text, struct pq_slice before, struct pq_slice name)
{
    struct account_line a;
    for (struct pq_slice rest = text; rest.at < before.at;) {
        struct pq_slice line = text_line(&rest);
        if (line.at < before.at && line.len > 0 && line.at[0] != '#' && read_account(line, &a) &&
            pq_slice_equal(a.name, name))
            return true;
    }
    return false;
}

/* The number of the first line that is bad; zero: none. Adds to `*count` the good ones before. */
static size_t first_bad_line(struct pq_slice text, size_t *count)
{
    struct pq_slice rest = text;
    for (size_t number = 1; rest.len > 0; number++) {
        struct account_line a;
        struct pq_slice line = text_line(&rest);
        if (line.len == 0 || line.at[0] == '#')
            continue;
        if (!read_account(line, &a) || is_taken(text, line, a.name))
            return number;
        (*count)++;
    }
    return 0;
}

static void check_accounts(struct pq_slice input)
{
    char path[64], place[64];
    uint8_t memory[TEXT_MAX];
    struct fuzz_memory counted = {.count = 0};
    struct pq_store store;
    struct pq_why why = {""};
    size_t count = 0;
    struct pq_slice text = tame(input, memory);
    write_file(text, path, sizeof(path));
    pq_store_init(&store, fuzz_alloc(&counted));
    bool good = pq_store_load_users(&store, path, &why) == PQ_STATUS_OK;
    size_t bad_line = first_bad_line(text, &count);
    FUZZ_ASSERT(store.count == count);
    FUZZ_ASSERT(good == (bad_line == 0 && count > 0));
    if (!good) {
        check_why(&why);
        (void)snprintf(place, sizeof(place), bad_line ? "%s:%zu: " : "%s: ", path, bad_line);
        FUZZ_ASSERT(strncmp(why.text, place, strlen(place)) == 0);
    }
    pq_store_free(&store);
    FUZZ_ASSERT(counted.count == 0);
}

/* ---- the control channel --------------------------------------------------------------------- */

static size_t count_present(const struct pq_account *a)
{
    size_t count = 0;
    for (size_t i = 0; i < a->count; i++)
        count += !a->messages[i]->gone;
    return count;
}

/* The messages of an answer are those of one of the accounts. */
static void check_messages(const struct pq_mock *mock, const cJSON *messages)
{
    bool fits = false;
    FUZZ_ASSERT(cJSON_IsArray(messages));
    for (size_t i = 0; i < mock->store.count; i++)
        fits |= (size_t)cJSON_GetArraySize(messages) == count_present(&mock->store.accounts[i]);
    FUZZ_ASSERT(fits);
    const cJSON *m = NULL;
    cJSON_ArrayForEach(m, messages)
    {
        FUZZ_ASSERT(cJSON_IsString(cJSON_GetObjectItemCaseSensitive(m, "base64")));
        FUZZ_ASSERT(cJSON_IsString(cJSON_GetObjectItemCaseSensitive(m, "uid")));
    }
}

static void check_answer(const struct pq_mock *mock, struct pq_slice answer)
{
    FUZZ_ASSERT(answer.len > 1 && pq_slice_index(answer, '\n') == answer.len - 1);
    cJSON *json = cJSON_ParseWithLength((const char *)answer.at, answer.len);
    FUZZ_ASSERT(cJSON_IsObject(json) && cJSON_GetArraySize(json) == 1);
    const char *key = json->child->string;
    if (strcmp(key, "messages") == 0)
        check_messages(mock, json->child);
    else if (strcmp(key, "now_ms") == 0)
        FUZZ_ASSERT(cJSON_IsNumber(json->child));
    else if (strcmp(key, "ok") == 0)
        FUZZ_ASSERT(cJSON_IsTrue(json->child));
    else
        FUZZ_ASSERT(strcmp(key, "error") == 0 && cJSON_IsString(json->child));
    cJSON_Delete(json);
}

static void add_account(struct pq_mock *mock, struct pq_slice name, size_t messages)
{
    struct pq_account *a = pq_store_add(&mock->store, name, PQ_SLICE("b"));
    FUZZ_ASSERT(a);
    for (size_t i = 0; i < messages; i++)
        FUZZ_ASSERT(pq_store_deliver(&mock->store, a, PQ_SLICE("x"), PQ_SLICE("a: b\n\n.c\n")) ==
                    PQ_STATUS_OK);
}

/* A command changes one account by one message, or brings all back to how they were. */
static void check_counts(const struct pq_mock *mock, size_t before)
{
    size_t after = mock->store.accounts[0].count + mock->store.accounts[1].count;
    FUZZ_ASSERT(mock->store.count == 2);
    FUZZ_ASSERT(after == before || after == before + 1 || after == 3);
}

static void check_control(struct pq_mock *mock, struct pq_slice input)
{
    bool manual = !(fuzz_options(input) & OPTION_REAL_CLOCK);
    uint64_t now_ms = 0;
    for (struct pq_slice rest = input; rest.len > 0;) {
        struct pq_control asked = {.now_ms = now_ms, .manual = manual};
        struct pq_bytes answer;
        size_t before = mock->store.accounts[0].count + mock->store.accounts[1].count;
        pq_bytes_init(&answer, pq_alloc_default(), ANSWER_MAX);
        FUZZ_ASSERT(pq_control_obey(mock, text_line(&rest), &asked, &answer) == PQ_STATUS_OK);
        FUZZ_ASSERT(asked.quit == (answer.len == 0) && (manual || asked.advance_ms == 0));
        if (!asked.quit)
            check_answer(mock, pq_bytes_slice(&answer));
        check_counts(mock, before);
        now_ms += asked.advance_ms;
        pq_bytes_free(&answer);
    }
}

/* ---- faults ---------------------------------------------------------------------------------- */

static void check_fault(const struct pq_fault *f)
{
    FUZZ_ASSERT(f->row && f->times == 0);
    for (size_t i = 0; i < PQ_FAULT_CONSTANTS_MAX && f->row->constants[i].name; i++) {
        const struct pq_fault_constant *c = &f->row->constants[i];
        bool word = c->which && (f->values[i] == PQ_WHICH_ALL || f->values[i] >= PQ_WHICH_LAST);
        FUZZ_ASSERT(word || (f->values[i] >= c->least && f->values[i] <= c->most));
    }
}

/* Adds the faults that the first lines name, up to one that is refused; returns what is left. */
static struct pq_slice add_faults(struct pq_mock *mock, struct pq_slice input)
{
    struct pq_slice rest = input;
    while (rest.len > 0) {
        char text[256] = {0};
        struct pq_why why = {""};
        size_t before = mock->plan.count;
        struct pq_slice line = pq_slice_first(text_line(&rest), sizeof(text) - 1);
        memcpy(text, line.at, line.len);
        if (pq_fault_add(&mock->plan, &mock->behaviour, text, line.len, &why) != PQ_STATUS_OK) {
            check_why(&why);
            FUZZ_ASSERT(mock->plan.count == before);
            break;
        }
        FUZZ_ASSERT(mock->plan.count == before + 1 && mock->plan.count <= PQ_FAULTS_ACTIVE_MAX);
        check_fault(&mock->plan.active[before]);
    }
    return rest;
}

/* A faulty server need not be right, but it comes to an end with what it was told. */
static void check_faults(struct pq_mock *mock, struct pq_slice input)
{
    struct pq_slice rest = add_faults(mock, input);
    struct pq_server *s = pq_server_new(mock, PQ_TLS_NONE, 0);
    FUZZ_ASSERT(s);
    bool moved = true;
    while (moved) {
        size_t taken = pq_server_take(s, rest, 0), len = pq_server_out(s).len;
        rest = pq_slice_after(rest, taken);
        moved = taken + len > 0;
        pq_server_sent(s, len, 0);
    }
    FUZZ_ASSERT(rest.len == 0 || pq_server_is_over(s) || pq_server_wants_tls(s));
    pq_server_free(s);
}

static void check_mock_input(struct pq_slice input, size_t cut)
{
    struct fuzz_memory counted = {.count = 0};
    struct pq_mock mock;
    (void)cut;
    if (fuzz_options(input) & OPTION_ACCOUNTS) {
        check_accounts(input);
        return;
    }
    pq_mock_init(&mock, fuzz_alloc(&counted), 1);
    add_account(&mock, PQ_SLICE("a"), 2);
    add_account(&mock, PQ_SLICE("b"), 1);
    if (fuzz_options(input) & OPTION_FAULTS)
        check_faults(&mock, input);
    else
        check_control(&mock, input);
    pq_mock_free(&mock);
    FUZZ_ASSERT(counted.count == 0);
}

const struct fuzz_target fuzz_target = {.check = check_mock_input};
