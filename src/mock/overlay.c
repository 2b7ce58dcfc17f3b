/* SPDX-License-Identifier: Apache-2.0
 * Reading dialogues for the server's role: what cannot be played is refused before anybody
 * connects. */
#include "mock/overlay.h"

#include <string.h>

#include "dialogue/lint.h"
#include "mock/mock.h"

#define FAULT_TEXT_MAX 256u
#define CAPABILITIES_MAX (16u << 10)

/* ---- life ------------------------------------------------------------------------------------ */

void pq_overlays_init(struct pq_overlays *o, struct pq_alloc alloc, uint64_t seed)
{
    *o = (struct pq_overlays){.alloc = alloc, .seed = seed};
}

static void overlay_free(struct pq_alloc alloc, struct pq_overlay *v)
{
    pq_dlg_free(&v->dlg);
    pq_bytes_free(&v->text);
    if (v->plans)
        alloc.resize(alloc.ctx, v->plans, 0);
    alloc.resize(alloc.ctx, v, 0);
}

void pq_overlays_free(struct pq_overlays *o)
{
    for (size_t i = 0; i < o->count; i++)
        overlay_free(o->alloc, o->each[i]);
    if (o->each)
        o->alloc.resize(o->alloc.ctx, (void *)o->each, 0);
    o->each = NULL;
    o->count = 0;
}

/* ---- what cannot be played ------------------------------------------------------------------- */

/* Where a problem is: the file, for its errors. */
struct place {
    const char *file;
    struct pq_why *why;
};

static enum pq_status refuse(const struct place *p, struct pq_dlg_at at, const char *what)
{
    return pq_why_fail(p->why, PQ_STATUS_SYNTAX, "%s:%u:%u: %s", p->file, at.line, at.column, what);
}

static enum pq_status tell_problems(const struct place *p, const struct pq_dlg_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        if (!problems->at[i].warning)
            return refuse(p, problems->at[i].at, problems->at[i].text);
    return PQ_STATUS_OK;
}

/* Directives that a server could play, and this one does not. */
static const char *flaw_of(const struct pq_dlg_item *item)
{
    static const char one[] = "a server plays one connection with a dialogue: give each connection "
                              "a file of its own";
    if (item->kind == PQ_DLG_ITEM_STEP)
        return item->step.conn == 1 ? NULL : one;
    if (item->kind != PQ_DLG_ITEM_DIRECTIVE)
        return NULL;
    if (pq_dlg_conn(&item->directive) != 1)
        return one;
    if (pq_dlg_item_is(item, PQ_DLG_DO_CORRUPT))
        return "the server does not play @corrupt";
    return NULL;
}

static bool is_declaration(const struct pq_dlg_item *item)
{
    return pq_dlg_item_is(item, PQ_DLG_DO_ON) || pq_dlg_item_is(item, PQ_DLG_DO_NEVER) ||
           pq_dlg_item_is(item, PQ_DLG_DO_CAPA) ||
           (pq_dlg_item_is(item, PQ_DLG_DO_FAULT) && !item->parent) ||
           (pq_dlg_item_is(item, PQ_DLG_DO_FALLBACK) && !item->parent);
}

static void note_kind(struct pq_overlay *v, const struct pq_dlg_item *item)
{
    v->strict |= !item->parent && !is_declaration(item) && !pq_dlg_item_is(item, PQ_DLG_DO_REQ);
    v->follows |= pq_dlg_item_is(item, PQ_DLG_DO_FALLBACK) && !item->parent;
    v->watches |= pq_dlg_item_is(item, PQ_DLG_DO_ON) || pq_dlg_item_is(item, PQ_DLG_DO_NEVER);
    v->tls |= pq_dlg_item_is(item, PQ_DLG_DO_TLS);
    if (pq_dlg_item_is(item, PQ_DLG_DO_CONNECT))
        v->tls |= pq_dlg_arg(&item->directive, PQ_DLG_ARG_IMPLICIT) != NULL;
}

static enum pq_status look_at(struct pq_overlay *v, const struct pq_dlg_section *section,
                              const struct place *p)
{
    for (struct pq_dlg_item *item = section ? section->items : NULL; item;
         item = pq_dlg_item_after(item)) {
        const char *flaw = flaw_of(item);
        if (flaw)
            return refuse(p, item->at, flaw);
        if (item->kind == PQ_DLG_ITEM_STEP || item->kind == PQ_DLG_ITEM_DIRECTIVE)
            note_kind(v, item);
    }
    return PQ_STATUS_OK;
}

static enum pq_status check(struct pq_overlay *v, struct pq_alloc alloc, const struct place *p)
{
    struct pq_dlg_problems problems = {.count = 0};
    enum pq_status status = PQ_STATUS_OK;
    if (!(v->dlg.roles & 1u << PQ_DLG_ROLE_SERVER))
        return refuse(p, (struct pq_dlg_at){1, 1},
                      "it is not for a server: write \"roles: server\"");
    if (pq_dlg_lint(&v->dlg, 0, alloc, &problems) != PQ_STATUS_OK)
        return pq_why_fail(p->why, PQ_STATUS_NO_MEMORY, "%s: no memory", p->file);
    status = tell_problems(p, &problems);
    if (status == PQ_STATUS_OK)
        status = look_at(v, v->dlg.given, p);
    if (status == PQ_STATUS_OK)
        status = look_at(v, v->dlg.test, p);
    return status;
}

/* ---- @capa ----------------------------------------------------------------------------------- */

static void put_capability(struct pq_buf *list, const struct pq_dlg_word *word)
{
    if (list->len > 0)
        pq_buf_put_octet(list, ';');
    pq_buf_put(list, word->text);
    for (const struct pq_dlg_word *arg = word->args; arg; arg = arg->next) {
        pq_buf_put_octet(list, ' ');
        pq_buf_put(list, arg->text);
    }
}

/* Whether a directive with `auth=` or `tls=` speaks about that side; without it, about both. */
static bool speaks_of(const struct pq_dlg_item *item, enum pq_dlg_param param, size_t side)
{
    const struct pq_dlg_arg *arg = pq_dlg_arg(&item->directive, param);
    return !arg || arg->number == side;
}

static enum pq_status read_capa(struct pq_overlay *v, const struct pq_dlg_item *item,
                                const struct place *p)
{
    uint8_t memory[CAPABILITIES_MAX];
    struct pq_buf list;
    pq_buf_init(&list, memory, sizeof(memory));
    const struct pq_dlg_word *word = pq_dlg_arg(&item->directive, PQ_DLG_ARG_CAPAS)->words;
    for (; word; word = word->next)
        put_capability(&list, word);
    char *text = list.overflowed ? NULL : pq_arena_text(&v->dlg.arena, pq_buf_slice(&list));
    if (!text)
        return refuse(p, item->at, "the capability list is too long");
    for (size_t auth = 0; auth < 2; auth++)
        for (size_t tls = 0; tls < 2; tls++)
            if (speaks_of(item, PQ_DLG_ARG_AUTH, auth) && speaks_of(item, PQ_DLG_ARG_TLS, tls))
                v->capabilities[auth][tls] = text;
    return PQ_STATUS_OK;
}

/* ---- @fault ---------------------------------------------------------------------------------- */

/* "NAME(constant=value,...)@nth", as pq_fault_add() reads it. */
static bool put_fault(struct pq_buf *text, const struct pq_dlg_item *item)
{
    const struct pq_dlg_word *word = pq_dlg_arg(&item->directive, PQ_DLG_ARG_FAULT)->words;
    const struct pq_dlg_arg *nth = pq_dlg_arg(&item->directive, PQ_DLG_ARG_NTH);
    pq_buf_put(text, word->text);
    for (const struct pq_dlg_word *arg = word->args; arg; arg = arg->next) {
        pq_buf_put_octet(text, arg == word->args ? '(' : ',');
        pq_buf_put(text, arg->text);
        pq_buf_put_octet(text, '=');
        pq_buf_put(text, arg->value);
    }
    if (word->args)
        pq_buf_put_octet(text, ')');
    if (nth) {
        pq_buf_put_octet(text, '@');
        pq_buf_put_u64(text, nth->number);
    }
    return pq_buf_put_octet(text, 0);
}

static struct pq_overlay_plan *plan_of(struct pq_overlay *v, const struct pq_dlg_item *on)
{
    for (size_t i = 0; i < v->plan_count; i++)
        if (v->plans[i].on == on)
            return &v->plans[i];
    if (v->plan_count == PQ_OVERLAY_PLANS_MAX)
        return NULL;
    struct pq_overlay_plan *plan = &v->plans[v->plan_count++];
    *plan = v->plans[0];
    plan->on = on;
    return plan;
}

static enum pq_status read_fault(struct pq_overlay *v, const struct pq_dlg_item *item,
                                 uint64_t seed, const struct place *p)
{
    char memory[FAULT_TEXT_MAX];
    struct pq_buf text;
    struct pq_why inner = {""};
    pq_buf_init(&text, memory, sizeof(memory));
    struct pq_overlay_plan *plan = plan_of(v, item->parent);
    if (!plan)
        return refuse(p, item->at, "more @on with faults of their own than 16");
    if (!put_fault(&text, item))
        return refuse(p, item->at, "the fault has too many constants");
    if (pq_fault_add(&plan->faults, &plan->behaviour, memory, seed, &inner) != PQ_STATUS_OK)
        return refuse(p, item->at, inner.text);
    const struct pq_dlg_arg *share = pq_dlg_arg(&item->directive, PQ_DLG_ARG_SHARE);
    plan->shares[plan->faults.count - 1] = share ? share->number : PQ_OVERLAY_ALWAYS;
    return PQ_STATUS_OK;
}

/* Faults of the whole dialogue come first: those of an @on are laid over them. */
static enum pq_status read_faults(struct pq_overlay *v, bool of_on, uint64_t seed,
                                  const struct place *p)
{
    const struct pq_dlg_section *sections[] = {v->dlg.given, v->dlg.test};
    for (size_t i = 0; i < 2; i++)
        for (struct pq_dlg_item *item = sections[i] ? sections[i]->items : NULL; item;
             item = pq_dlg_item_after(item)) {
            enum pq_status status = PQ_STATUS_OK;
            if (pq_dlg_item_is(item, PQ_DLG_DO_FAULT) && (item->parent != NULL) == of_on)
                status = read_fault(v, item, seed, p);
            if (pq_dlg_item_is(item, PQ_DLG_DO_CAPA) && !of_on)
                status = read_capa(v, item, p);
            if (status != PQ_STATUS_OK)
                return status;
        }
    return PQ_STATUS_OK;
}

/* How many plans there can be: one, and one for each fault of an @on. */
static size_t count_plans(const struct pq_overlay *v)
{
    const struct pq_dlg_section *sections[] = {v->dlg.given, v->dlg.test};
    size_t count = 1;
    for (size_t i = 0; i < 2; i++)
        for (struct pq_dlg_item *item = sections[i] ? sections[i]->items : NULL; item;
             item = pq_dlg_item_after(item))
            count += pq_dlg_item_is(item, PQ_DLG_DO_FAULT) && item->parent ? 1 : 0;
    return count < PQ_OVERLAY_PLANS_MAX ? count : PQ_OVERLAY_PLANS_MAX;
}

static enum pq_status make_plans(struct pq_overlay *v, struct pq_overlays *o,
                                 const struct pq_mock *mock, const struct place *p)
{
    v->plans = o->alloc.resize(o->alloc.ctx, NULL, count_plans(v) * sizeof(*v->plans));
    if (!v->plans)
        return pq_why_fail(p->why, PQ_STATUS_NO_MEMORY, "%s: no memory", p->file);
    v->plans[0] = (struct pq_overlay_plan){.behaviour = mock->behaviour, .faults = mock->plan};
    for (size_t i = 0; i < PQ_FAULTS_ACTIVE_MAX; i++)
        v->plans[0].shares[i] = PQ_OVERLAY_ALWAYS;
    v->plan_count = 1;
    enum pq_status status = read_faults(v, false, o->seed, p);
    return status == PQ_STATUS_OK ? read_faults(v, true, o->seed, p) : status;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Room for one more; false when there is none. */
static bool grow(struct pq_overlays *o)
{
    struct pq_overlay **bigger = NULL;
    if (o->count < PQ_OVERLAYS_MAX)
        bigger = o->alloc.resize(o->alloc.ctx, (void *)o->each,
                                 (o->count + 1) * sizeof(struct pq_overlay *));
    if (bigger)
        o->each = bigger;
    return bigger != NULL;
}

/* Parses the row that is in `v->text`. */
static enum pq_status read_row(struct pq_overlays *o, struct pq_overlay *v,
                               const struct pq_mock *mock, const struct place *p)
{
    enum pq_status status = pq_dlg_parse(&v->dlg, pq_bytes_slice(&v->text), o->alloc);
    if (status == PQ_STATUS_SYNTAX)
        return tell_problems(p, &v->dlg.problems);
    if (status != PQ_STATUS_OK)
        return pq_why_fail(p->why, status, "%s: no memory", p->file);
    v->name = v->dlg.value[PQ_DLG_KEY_ID];
    status = check(v, o->alloc, p);
    return status == PQ_STATUS_OK ? make_plans(v, o, mock, p) : status;
}

static enum pq_status add_row(struct pq_overlays *o, const struct pq_dlg *d, size_t row,
                              const struct pq_mock *mock, const struct place *p)
{
    struct pq_overlay *v = grow(o) ? o->alloc.resize(o->alloc.ctx, NULL, sizeof(*v)) : NULL;
    if (!v)
        return pq_why_fail(p->why, PQ_STATUS_NO_MEMORY, "%s: more dialogues than %u, or no memory",
                           p->file, PQ_OVERLAYS_MAX);
    *v = (struct pq_overlay){.played = 0};
    pq_bytes_init(&v->text, o->alloc, SIZE_MAX / 2);
    pq_arena_init(&v->dlg.arena, o->alloc, 0);
    o->each[o->count++] = v;
    if (pq_dlg_expand(d, row, &v->text) != PQ_STATUS_OK)
        return pq_why_fail(p->why, PQ_STATUS_NO_MEMORY, "%s: no memory", p->file);
    return read_row(o, v, mock, p);
}

enum pq_status pq_overlays_add(struct pq_overlays *o, const char *name, struct pq_slice text,
                               const struct pq_mock *mock, struct pq_why *why)
{
    const struct place p = {.file = name, .why = why};
    struct pq_dlg d;
    enum pq_status status = pq_dlg_parse(&d, text, o->alloc);
    if (status == PQ_STATUS_SYNTAX)
        (void)tell_problems(&p, &d.problems);
    else if (status != PQ_STATUS_OK)
        (void)pq_why_fail(why, status, "%s: no memory", name);
    for (size_t row = 0; row < d.rows && status == PQ_STATUS_OK; row++)
        status = add_row(o, &d, row, mock, &p);
    pq_dlg_free(&d);
    return status;
}

bool pq_overlays_want_tls(const struct pq_overlays *o)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->each[i]->tls)
            return true;
    return false;
}

bool pq_overlays_fill(const struct pq_overlays *o, struct pq_store *store, struct pq_account *a,
                      enum pq_status *status)
{
    size_t i = 0;
    while (i < o->count && !o->each[i]->dlg.mailbox)
        i++;
    if (i == o->count)
        return false;
    *status = PQ_STATUS_OK;
    const struct pq_dlg_word *word = o->each[i]->dlg.mailbox;
    for (; word && *status == PQ_STATUS_OK; word = word->next) {
        const struct pq_dlg_section *message = pq_dlg_message(&o->each[i]->dlg, word->text);
        if (message)
            *status = pq_store_deliver(store, a, word->text, message->octets);
    }
    return true;
}

void pq_overlays_end(struct pq_overlays *o)
{
    for (size_t i = 0; i < o->count; i++) {
        struct pq_overlay_outcome outcome = {.name = o->each[i]->name,
                                             .verdict = PQ_VERDICT_INCONCLUSIVE,
                                             .why = "no client connected for it"};
        if (o->each[i]->played > 0)
            continue;
        o->worst = o->worst < outcome.verdict ? outcome.verdict : o->worst;
        if (o->verdict)
            o->verdict(o->ctx, &outcome);
    }
}
