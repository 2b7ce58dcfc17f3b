/* SPDX-License-Identifier: Apache-2.0
 * popquiz-referee: judges recorded sessions. */
#include "tools/referee_input.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/file.h"
#include "tools/play_watch.h"

#define INPUT_MAX ((size_t)256 << 20) /* octets of a file */

enum exit_code { EXIT_CLEAN = 0, EXIT_FINDINGS = 1, EXIT_TROUBLE = 2 };

static const char help[] =
    "popquiz-referee [--user NAME] FILE...     (FILE may be - for standard input)\n"
    "popquiz-referee --rules\n"
    "\n"
    "Judges recorded POP3 sessions: prints what a server said against the RFCs, one JSON object\n"
    "a line, with the rule, the requirement and the place.\n"
    "\n"
    "  --user NAME  the maildrop that is judged across sessions; else that of the first login\n"
    "  --rules      print the rules: id, requirement, what it sees, with TABs between\n"
    "  --help, --version\n"
    "\n"
    "A FILE is a run: sessions in the order of what happened, one JSON object a line:\n"
    "\n"
    "  conn      a number, of the connection; ten may be open at once\n"
    "  dir       C: the client sent it, S: the server did, *: it is an event\n"
    "  octets    what was sent, with the escapes of dialogues; of an event, its words\n"
    "  base64    the same in base64, in place of octets\n"
    "  tls       true: inside TLS; the first entry in TLS tells that STLS was followed\n"
    "  ms        milliseconds of any clock\n"
    "  left_out  octets that are missing behind these: the connection is judged no further\n"
    "\n"
    "Events: connected; connected, TLS first; closed; peer: WHY (it closed); silence (the wait\n"
    "for an answer was given up); mail changed; mail delivered. Others mean nothing. The\n"
    "transcripts of results.json and of the player have this form.\n"
    "\n"
    "Exit status: 0 nothing was found, 1 something was, 2 wrong usage or bad input.\n";

struct output {
    const struct referee_input *input;
    const char *file;
    bool found, failed;
};

static enum exit_code complain(const char *about, const char *what)
{
    (void)fprintf(stderr, "popquiz-referee: %s%s%s\n", about ? about : "", about ? ": " : "", what);
    return EXIT_TROUBLE;
}

/* ---- output ---------------------------------------------------------------------------------- */

static void on_finding(void *ctx, const struct pq_finding *f)
{
    struct output *o = ctx;
    struct play_findings one = {.count = 0};
    play_findings_add(&one, f, NULL, 0);
    cJSON *json = play_findings_json(&one.each[0]);
    bool named = json && cJSON_AddStringToObject(json, "file", o->file) &&
                 cJSON_SetNumberHelper(cJSON_GetObjectItemCaseSensitive(json, "conn"),
                                       (double)referee_input_conn(o->input, f->conn)) >= 0;
    char *text = named ? cJSON_PrintUnformatted(json) : NULL;
    o->found = true;
    o->failed |= !text || printf("%s\n", text) < 0;
    cJSON_free(text);
    cJSON_Delete(json);
}

static enum exit_code print_rules(void)
{
    for (size_t i = 0; i < pq_referee_rule_count(); i++) {
        const struct pq_referee_rule *rule = pq_referee_rule_at(i);
        (void)printf("%s\t%s\t%s\n", rule->id, rule->requirement, rule->sees);
    }
    return EXIT_CLEAN;
}

/* ---- files ----------------------------------------------------------------------------------- */

static enum exit_code judge(struct pq_slice text, const char *user, struct output *o)
{
    struct pq_referee referee;
    struct referee_input input = {.referee = &referee};
    enum exit_code code = EXIT_CLEAN;
    o->input = &input;
    pq_referee_init(&referee, pq_alloc_default(), on_finding, o);
    if (user)
        pq_referee_set_user(&referee, pq_slice_text(user));
    for (unsigned number = 1; text.len > 0 && code == EXIT_CLEAN; number++) {
        char place[300];
        struct pq_slice line = pq_slice_cut(&text, '\n');
        (void)snprintf(place, sizeof(place), "%.250s:%u", o->file, number);
        if (line.len > 0 && !referee_input_line(&input, line))
            code = complain(place, input.why);
    }
    pq_referee_free(&referee);
    if (code == EXIT_CLEAN && o->failed)
        code = complain(o->file, "a finding could not be written");
    return code == EXIT_CLEAN && o->found ? EXIT_FINDINGS : code;
}

static enum exit_code judge_file(const char *file, const char *user)
{
    struct pq_bytes text;
    struct output o = {.file = file};
    pq_bytes_init(&text, pq_alloc_default(), INPUT_MAX);
    enum pq_status status = pq_file_read(file, &text);
    enum exit_code code = EXIT_TROUBLE;
    if (status == PQ_STATUS_OK)
        code = judge(pq_bytes_slice(&text), user, &o);
    else
        (void)complain(file, status == PQ_STATUS_FILE ? strerror(errno) : pq_status_text(status));
    pq_bytes_free(&text);
    return code;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"user", required_argument, NULL, 'u'},
                                            {"rules", no_argument, NULL, 'r'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'v'},
                                            {NULL, 0, NULL, 0}};
    int code = EXIT_CLEAN;
    const char *user = NULL;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'r')
            return (int)print_rules();
        if (option == 'h' || option == 'v')
            return fputs(option == 'h' ? help : "popquiz-referee " PQ_VERSION "\n", stdout) < 0;
        if (option == '?')
            return (int)EXIT_TROUBLE;
        user = optarg;
    }
    if (optind == argc)
        return (int)complain(NULL, "name a FILE, or - for standard input; see --help");
    for (int i = optind; i < argc; i++) {
        int one = (int)judge_file(argv[i], user);
        code = one > code ? one : code;
    }
    return fflush(stdout) == 0 ? code : (int)complain("cannot write", strerror(errno));
}
