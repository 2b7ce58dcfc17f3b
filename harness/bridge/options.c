/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/bridge/options.h"

#include <stdio.h>
#include <string.h>

#include "harness/bridge/shim_page.h"
#include "popquiz/base.h"

#define PATIENCE_MS 1000u
#define LOOK_CASES 64u
#define SPARE_MEMORY_KIB 2048u
#define SPARE_DESCRIPTORS 16u

/* What is left of the command line. */
struct words {
    char *const *at;
    struct pq_options *o;
    const char *name; /* of the option that is read */
};

static bool is_one(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static bool complain(const char *name, const char *what)
{
    (void)fprintf(stderr, "popquiz-bridge: %s %s\n", name, what);
    return false;
}

/* The value behind an option; NULL after a complaint. */
static const char *take_value(struct words *w)
{
    if (!*w->at || is_one(*w->at, "--")) {
        (void)complain(w->name, "needs a value");
        return NULL;
    }
    return *w->at++;
}

static bool take_text(struct words *w, const char **to)
{
    *to = take_value(w);
    return *to != NULL;
}

static bool take_number(struct words *w, uint32_t max, uint32_t *to)
{
    const char *text = take_value(w);
    if (!text)
        return false;
    if (pq_parse_u32(pq_slice_text(text), to) != PQ_STATUS_OK || *to > max)
        return complain(w->name, "is not a number that can be");
    return true;
}

static bool take_one_more(struct words *w, struct pq_texts *to)
{
    if (to->len == PQ_OPTION_MANY)
        return complain(w->name, "comes too often");
    return take_text(w, &to->each[to->len++]);
}

/* Everything up to the next option. */
static bool take_files(struct words *w, enum pq_bridge_do task)
{
    w->o->task = task;
    w->o->files = w->at;
    while (*w->at && strncmp(*w->at, "--", 2) != 0)
        w->at++;
    w->o->files_len = (size_t)(w->at - w->o->files);
    return w->o->files_len > 0 || complain(w->name, "needs files");
}

/* ---- one option each ------------------------------------------------------------------------- */

static bool do_connect(struct words *w)
{
    const char *text = take_value(w);
    if (!text)
        return false;
    bool local = strncmp(text, "unix:", 5) == 0;
    if (!local && !is_one(text, "tcp") && !is_one(text, "stdio"))
        return complain(w->name, "is tcp, unix:PATH or stdio");
    if (local && strlen(text + 5) >= sizeof(w->o->path))
        return complain(w->name, "has a path that is too long for a socket");
    if (local)
        memcpy(w->o->path, text + 5, strlen(text + 5) + 1);
    w->o->connect =
        local ? PQ_CONNECT_UNIX : (is_one(text, "tcp") ? PQ_CONNECT_TCP : PQ_CONNECT_STDIO);
    return true;
}

static bool do_tls(struct words *w)
{
    static const char *const names[] = {"none", "implicit", "stls"};
    const char *text = take_value(w);
    if (!text)
        return false;
    for (size_t i = 0; i < 3; i++)
        if (is_one(text, names[i])) {
            w->o->tls = (enum pq_bridge_tls)i;
            return true;
        }
    return complain(w->name, "is none, implicit or stls");
}

static bool do_fix(struct words *w)
{
    const char *text = take_value(w);
    struct pq_slice rest = pq_slice_text(text);
    while (rest.len > 0) {
        struct pq_slice one = pq_slice_cut(&rest, ',');
        uint32_t bit = pq_slice_equal(one, PQ_SLICE("time"))     ? PQ_SHIM_FIX_TIME
                       : pq_slice_equal(one, PQ_SLICE("pid"))    ? PQ_SHIM_FIX_PID
                       : pq_slice_equal(one, PQ_SLICE("random")) ? PQ_SHIM_FIX_RANDOM
                                                                 : 0;
        if (bit == 0)
            return complain(w->name, "is some of time,pid,random");
        w->o->fix |= bit;
    }
    return text != NULL;
}

static bool do_port(struct words *w)
{
    uint32_t port = 0;
    bool good = take_number(w, 65535, &port);
    w->o->port = (uint16_t)port;
    return good;
}

static bool do_reset(struct words *w)
{
    if (!take_one_more(w, &w->o->resets))
        return false;
    return strchr(w->o->resets.each[w->o->resets.len - 1], '=') ||
           complain(w->name, "is FOLDER=PRISTINE");
}

static bool do_ca(struct words *w)
{
    return take_text(w, &w->o->ca);
}

static bool do_executable(struct words *w)
{
    return take_one_more(w, &w->o->executables);
}

static bool do_beside(struct words *w)
{
    return take_one_more(w, &w->o->besides);
}

static bool do_patience(struct words *w)
{
    return take_number(w, 3600000, &w->o->patience_ms);
}

static bool do_every(struct words *w)
{
    return take_number(w, UINT32_MAX, &w->o->every);
}

static bool do_look(struct words *w)
{
    return take_number(w, PQ_LOOK_MAX, &w->o->look);
}

static bool do_spare_memory(struct words *w)
{
    return take_number(w, UINT32_MAX, &w->o->spare_memory);
}

static bool do_spare_descriptors(struct words *w)
{
    return take_number(w, UINT32_MAX, &w->o->spare_descriptors);
}

static bool do_log(struct words *w)
{
    return take_text(w, &w->o->log);
}

static bool do_state(struct words *w)
{
    w->o->state = true;
    return true;
}

static bool do_referee(struct words *w)
{
    return take_text(w, &w->o->referee);
}

static bool do_accept(struct words *w)
{
    return take_text(w, &w->o->accept);
}

static bool do_user(struct words *w)
{
    return take_text(w, &w->o->user);
}

static bool do_twin(struct words *w)
{
    return take_text(w, &w->o->twin);
}

static bool do_play(struct words *w)
{
    return take_files(w, PQ_DO_PLAY);
}

static bool do_growth(struct words *w)
{
    w->o->grows_memory = !is_one(w->name, "--growth-descriptors");
    w->o->grows_descriptors = !is_one(w->name, "--growth-memory");
    return take_files(w, PQ_DO_GROWTH);
}

static bool do_self_test(struct words *w)
{
    return take_files(w, PQ_DO_SELF_TEST);
}

static const struct option {
    const char *name;
    bool (*read)(struct words *w);
} options[] = {
    {"--connect", do_connect},
    {"--tls", do_tls},
    {"--ca", do_ca},
    {"--port", do_port},
    {"--reset", do_reset},
    {"--executable", do_executable},
    {"--fix", do_fix},
    {"--patience", do_patience},
    {"--every", do_every},
    {"--log", do_log},
    {"--state", do_state},
    {"--referee", do_referee},
    {"--accept", do_accept},
    {"--user", do_user},
    {"--twin", do_twin},
    {"--play", do_play},
    {"--self-test", do_self_test},
    {"--beside", do_beside},
    {"--growth", do_growth},
    {"--growth-memory", do_growth},
    {"--growth-descriptors", do_growth},
    {"--look", do_look},
    {"--spare-memory", do_spare_memory},
    {"--spare-descriptors", do_spare_descriptors},
};

static bool read_one(struct words *w)
{
    w->name = *w->at++;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (is_one(w->name, options[i].name))
            return options[i].read(w);
    return complain(w->name, "is no option: see harness/bridge/README.md");
}

bool pq_options_read(int argc, char *argv[], struct pq_options *o)
{
    struct words w = {.at = argv + (argc > 0), .o = o};
    *o = (struct pq_options){.patience_ms = PATIENCE_MS,
                             .look = LOOK_CASES,
                             .spare_memory = SPARE_MEMORY_KIB,
                             .spare_descriptors = SPARE_DESCRIPTORS};
    while (*w.at && !is_one(*w.at, "--"))
        if (!read_one(&w))
            return false;
    if (!*w.at || !w.at[1])
        return complain("usage:", "popquiz-bridge [OPTIONS] -- SERVER ARGS...");
    o->server = w.at + 1;
    return true;
}
