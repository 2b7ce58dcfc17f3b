/* SPDX-License-Identifier: Apache-2.0
 * popquiz-explore: makes up sessions, plays them to a server, and has the referee judge them. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dialogue/escape.h"
#include "net/io.h"
#include "tools/explore_campaign.h"
#include "tools/version.h"

#define EXPLORE_PROTOCOL 1

enum exit_code { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* ---- serving --------------------------------------------------------------------------------- */

static void tell_ready(struct play_lines *lines)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "protocol", EXPLORE_PROTOCOL);
    cJSON_AddStringToObject(o, "version", PQ_VERSION);
    play_lines_tell(lines, "ready", o);
}

static void explore(struct play_lines *lines, struct pq_slice line)
{
    static struct play_targets targets;
    struct explore_request q;
    struct pq_why why = {""};
    struct pq_target *target = NULL;
    if (!explore_request_read(&q, line))
        play_lines_error(lines, q.run, q.why);
    else if (!(target = play_targets_find(&targets, &q.job.target, &why)))
        play_lines_error(lines, q.run, why.text);
    else
        explore_campaign(&q, target, lines);
    explore_request_free(&q);
    play_targets_free(&targets);
}

/* One exploration for each line, up to the end of the input. */
static enum exit_code serve(void)
{
    struct play_lines lines;
    struct pq_slice line;
    play_lines_init(&lines, STDIN_FILENO, stdout);
    tell_ready(&lines);
    enum play_input input = PLAY_INPUT_LINE;
    while (!lines.gone && input != PLAY_INPUT_END) {
        input = play_lines_next(&lines, PQ_DEADLINE_NEVER, &line);
        if (input == PLAY_INPUT_LINE) {
            /* The loan of the line ends with the first answer that is read. */
            struct pq_bytes copy;
            pq_bytes_init(&copy, pq_alloc_default(), PLAY_LINE_MAX);
            if (pq_bytes_put(&copy, line) == PQ_STATUS_OK)
                explore(&lines, pq_bytes_slice(&copy));
            pq_bytes_free(&copy);
        }
    }
    bool good = !lines.gone;
    play_lines_free(&lines);
    return good ? EXIT_GOOD : EXIT_FAILED;
}

/* ---- printing -------------------------------------------------------------------------------- */

static bool print_step(const struct pq_plan *plan, const struct pq_step *step)
{
    struct pq_bytes text;
    pq_bytes_init(&text, pq_alloc_default(), (size_t)5 * PQ_PLAN_OCTETS_MAX);
    bool good =
        pq_escape_write(pq_plan_octets(plan, step), PQ_ESCAPE_PAYLOAD, true, &text) == PQ_STATUS_OK;
    (void)printf("%u %s%s%s", step->conn, pq_step_word((enum pq_step_kind)step->kind),
                 step->hurry ? " hurry" : "", text.len > 0 ? " " : "");
    if (text.len > 0)
        (void)fwrite(text.at, 1, text.len, stdout);
    (void)putchar('\n');
    pq_bytes_free(&text);
    return good;
}

/* Writes the sessions down that --serve would play, one step a line. */
static enum exit_code print_plans(const char *seed, const char *sessions)
{
    static struct pq_plan plan;
    uint64_t count = 0;
    struct pq_plan_config config = {.connections = PQ_PLAN_CONNS,
                                    .messages = 3,
                                    .destroy = true,
                                    .stls = true,
                                    .pipelining = true,
                                    .wrong_logins = true};
    if (pq_parse_u64(pq_slice_text(seed), &config.seed) != PQ_STATUS_OK ||
        pq_parse_u64(pq_slice_text(sessions), &count) != PQ_STATUS_OK) {
        (void)fputs("popquiz-explore: --print takes a seed and a number of sessions\n", stderr);
        return EXIT_USAGE;
    }
    for (uint64_t n = 0; n < count; n++) {
        (void)printf("# session %llu\n", (unsigned long long)n);
        pq_plan_generate(&plan, &config, n);
        for (size_t i = 0; i < plan.count; i++)
            if (!print_step(&plan, &plan.steps[i]))
                return EXIT_FAILED;
    }
    return EXIT_GOOD;
}

static enum exit_code usage(FILE *to)
{
    (void)fputs("popquiz-explore --serve\n"
                "popquiz-explore --print SEED SESSIONS\n\n"
                "Makes up sessions, plays them to a POP3 server, and has the referee judge them.\n"
                "`popquiz explore` is its runner; what they say to each other is in\n"
                "src/explore/PROTOCOL.md.\n\n"
                "  --serve                one exploration for each line of standard input\n"
                "  --print SEED SESSIONS  write the first sessions of a seed down\n"
                "  --help                 this text\n"
                "  --version              the version\n\n"
                "Exit status: 0 good, 1 the output cannot be written, 2 wrong usage.\n",
                to);
    return to == stdout ? EXIT_GOOD : EXIT_USAGE;
}

int main(int argc, char **argv)
{
    /* A runner that is gone is seen when it is written to. */
    (void)signal(SIGPIPE, SIG_IGN);
    const char *action = argc > 1 ? argv[1] : "";
    enum exit_code code = EXIT_USAGE;
    if (argc == 2 && strcmp(action, "--serve") == 0)
        code = serve();
    else if (argc == 4 && strcmp(action, "--print") == 0)
        code = print_plans(argv[2], argv[3]);
    else if (argc == 2 && strcmp(action, "--version") == 0)
        code = printf("popquiz-explore %s\n", PQ_VERSION) > 0 ? EXIT_GOOD : EXIT_FAILED;
    else
        code = usage(argc == 2 && strcmp(action, "--help") == 0 ? stdout : stderr);
    return (int)code;
}
