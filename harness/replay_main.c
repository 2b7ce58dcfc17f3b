/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a fuzz target on files and folders without an engine: for ctest, gdb and valgrind. Every
 * input lies in memory of its exact size, so that a sanitizer sees a read behind it, and is
 * delivered in every cut, or in as many as the target asks for.
 */
#define _POSIX_C_SOURCE 200809L
#include "harness/support.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_MAX (1u << 20)
#define PATH_TEXT_MAX 4096
/* Octets that one input is delivered as, all its cuts taken together: all cuts up to 4096 octets,
 * fewer of a longer one, spread evenly. */
#define WORK_MAX (UINT64_C(1) << 24)

static bool complain(const char *path, const char *why)
{
    (void)fprintf(stderr, "%s: %s\n", path, why);
    return false;
}

/* Reads at most `cap` octets; a file that holds `cap` or more is too large. */
static bool read_file(const char *path, uint8_t *at, size_t cap, size_t *len)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return complain(path, strerror(errno));
    *len = fread(at, 1, cap, file);
    bool broken = ferror(file) != 0;
    (void)fclose(file);
    if (broken)
        return complain(path, "cannot be read: is it a file?");
    if (*len == cap)
        return complain(path, "is larger than 1 MiB, which is the most that an input may be");
    return true;
}

/* As an engine delivers it, and then in every cut. */
static void run_cuts(const uint8_t *octets, size_t len)
{
    size_t step = (size_t)((uint64_t)len * len / WORK_MAX) + 1;
    if (fuzz_target.cuts_max > 0 && len / fuzz_target.cuts_max >= step)
        step = len / fuzz_target.cuts_max + 1;
    (void)LLVMFuzzerTestOneInput(octets, len);
    for (size_t cut = 0; fuzz_target.has_cut && cut <= len; cut += step) {
        if (fuzz_trace)
            (void)fprintf(stderr, "cut %zu\n", cut);
        fuzz_target.check(pq_slice_of(octets, len), cut);
    }
}

static bool run_octets(const char *path, const uint8_t *octets, size_t len)
{
    uint8_t *exact = malloc(len);
    if (!exact && len > 0)
        return complain(path, "memory is exhausted");
    if (len > 0)
        memcpy(exact, octets, len);
    /* The last line of the output names the input that broke. */
    (void)printf("%s\n", path);
    (void)fflush(stdout);
    run_cuts(exact, len);
    free(exact);
    return true;
}

static bool run_file(const char *path, size_t *inputs)
{
    uint8_t *octets = malloc(INPUT_MAX + 1);
    size_t len = 0;
    if (!octets)
        return complain(path, "memory is exhausted");
    bool fine = read_file(path, octets, INPUT_MAX + 1, &len) && run_octets(path, octets, len);
    free(octets);
    *inputs += fine;
    return fine;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool run_entry(const char *folder, const char *name, size_t *inputs)
{
    char path[PATH_TEXT_MAX];
    int len = snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (len < 0 || (size_t)len >= sizeof(path))
        return complain(name, "lies behind a path that is too long");
    return run_file(path, inputs);
}

/* In alphabetical order, so that two runs are the same run. */
static bool run_folder(const char *folder, size_t *inputs)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_visible, alphasort);
    if (count < 0)
        return complain(folder, strerror(errno));
    bool fine = true;
    for (int i = 0; i < count; i++) {
        fine &= run_entry(folder, entries[i]->d_name, inputs);
        free(entries[i]);
    }
    free(entries);
    return fine;
}

static bool run_path(const char *path, size_t *inputs)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return complain(path, strerror(errno));
    return S_ISDIR(info.st_mode) ? run_folder(path, inputs) : run_file(path, inputs);
}

static int usage(const char *program, int status)
{
    (void)printf("usage: %s [--trace] FILE|FOLDER...\n"
                 "Runs the fuzz target on each input, in every cut. --trace shows what each run "
                 "gave.\n",
                 program);
    return status;
}

int main(int argc, char **argv)
{
    int first = 1;
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return usage(argv[0], 0);
    if (argc > 1 && strcmp(argv[1], "--trace") == 0) {
        fuzz_trace = true;
        first++;
    }
    if (first >= argc)
        return usage(argv[0], 2);
    size_t inputs = 0;
    bool fine = true;
    for (int i = first; i < argc; i++)
        fine &= run_path(argv[i], &inputs);
    (void)printf("%s: %zu inputs replayed\n", argv[0], inputs);
    if (inputs == 0)
        fine = complain(argv[0], "found no input");
    return fine ? 0 : 1;
}
