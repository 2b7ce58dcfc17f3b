/* SPDX-License-Identifier: Apache-2.0
 * Mail from files: folders of messages, Maildirs, and the accounts file. */
#define _DEFAULT_SOURCE
#include "mock/testing.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

/* ---- folders --------------------------------------------------------------------------------- */

struct place {
    char path[64], name[512];
};

static struct place place_make(void)
{
    struct place p = {.path = "/tmp/popquiz-store-XXXXXX"};
    assert_non_null(mkdtemp(p.path));
    return p;
}

static const char *in_place(struct place *p, const char *name)
{
    (void)snprintf(p->name, sizeof(p->name), "%s/%s", p->path, name);
    return p->name;
}

static void write_file(struct place *p, const char *name, struct pq_slice content)
{
    FILE *f = fopen(in_place(p, name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(content.at, 1, content.len, f), content.len);
    assert_int_equal(fclose(f), 0);
}

static void make_folder(struct place *p, const char *name)
{
    assert_int_equal(mkdir(in_place(p, name), 0700), 0);
}

/* Two levels are all that a test makes. */
static void remove_files(const char *folder)
{
    char path[1024];
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        (void)unlink(path);
        (void)rmdir(path);
    }
    (void)closedir(d);
}

static void place_remove(struct place *p)
{
    static const char *const folders[] = {"cur", "new", "mail"};
    struct stat st;
    for (size_t i = 0; i < COUNT(folders); i++)
        if (stat(in_place(p, folders[i]), &st) == 0)
            remove_files(p->name);
    remove_files(p->path);
    assert_int_equal(rmdir(p->path), 0);
}

/* The first octet of each message that was loaded. */
static void expect_loaded(const char *folder, const char *want)
{
    struct pq_store s;
    struct pq_why why = {""};
    char got[32] = "";
    pq_store_init(&s, pq_alloc_default());
    struct pq_account *a = pq_store_add(&s, PQ_SLICE("a"), PQ_SLICE("b"));
    assert_int_equal(pq_store_load(&s, a, folder, &why), PQ_STATUS_OK);
    assert_string_equal(why.text, "");
    for (size_t i = 0; i < a->count; i++)
        got[i] = (char)a->messages[i]->content.at[0];
    assert_string_equal(got, want);
    pq_store_free(&s);
}

static void expect_not_loaded(const char *folder, const char *why_end)
{
    struct pq_store s;
    struct pq_why why = {""};
    pq_store_init(&s, pq_alloc_default());
    struct pq_account *a = pq_store_add(&s, PQ_SLICE("a"), PQ_SLICE("b"));
    assert_int_equal(pq_store_load(&s, a, folder, &why), PQ_STATUS_FILE);
    size_t len = strlen(why.text), n = strlen(why_end);
    assert_true(len > n && strncmp(why.text, folder, strlen(folder)) == 0);
    assert_string_equal(why.text + len - n, why_end);
    pq_store_free(&s);
}

/* By the octets of their names, whatever else lies there. */
static void test_a_folder_of_eml_files(void **state)
{
    (void)state;
    struct place p = place_make();
    expect_loaded(p.path, "");
    write_file(&p, "b.eml", PQ_SLICE("b"));
    write_file(&p, "a.eml", PQ_SLICE("a"));
    write_file(&p, "B.eml", PQ_SLICE("B"));
    write_file(&p, "10.eml", PQ_SLICE("1"));
    write_file(&p, "9.eml", PQ_SLICE("9"));
    write_file(&p, ".hidden.eml", PQ_SLICE("h"));
    write_file(&p, ".eml", PQ_SLICE("e"));
    write_file(&p, "c.eml~", PQ_SLICE("c"));
    write_file(&p, "d.EML", PQ_SLICE("d"));
    expect_loaded(p.path, "19Bab");
    make_folder(&p, "x.eml");
    expect_not_loaded(p.path, "/x.eml: is not a regular file");
    place_remove(&p);
}

static void test_a_maildir(void **state)
{
    (void)state;
    struct place p = place_make();
    make_folder(&p, "cur");
    write_file(&p, "ignored.eml", PQ_SLICE("i"));
    expect_loaded(p.path, "i");
    make_folder(&p, "new");
    expect_loaded(p.path, "");
    write_file(&p, "new/1", PQ_SLICE("n"));
    write_file(&p, "cur/3:2,S", PQ_SLICE("c"));
    write_file(&p, "cur/2:2,", PQ_SLICE("C"));
    write_file(&p, "cur/.dot", PQ_SLICE("d"));
    expect_loaded(p.path, "Ccn");
    place_remove(&p);
}

/* A unique-id must survive that a flag changes, which a Maildir keeps in the file's name. */
static void test_flags_do_not_change_the_unique_id(void **state)
{
    (void)state;
    struct place p = place_make();
    uint8_t uids[2][PQ_STORE_UID_LEN];
    static const char *const names[] = {"cur/1:2,", "cur/1:2,RS"};
    make_folder(&p, "cur");
    make_folder(&p, "new");
    for (size_t i = 0; i < COUNT(names); i++) {
        struct pq_store s;
        pq_store_init(&s, pq_alloc_default());
        struct pq_account *a = pq_store_add(&s, PQ_SLICE("a"), PQ_SLICE("b"));
        write_file(&p, names[i], PQ_SLICE("x"));
        assert_int_equal(pq_store_load(&s, a, p.path, NULL), PQ_STATUS_OK);
        memcpy(uids[i], a->messages[0]->uid, PQ_STORE_UID_LEN);
        assert_int_equal(unlink(in_place(&p, names[i])), 0);
        pq_store_free(&s);
    }
    assert_memory_equal(uids[0], uids[1], PQ_STORE_UID_LEN);
    place_remove(&p);
}

static void test_folders_that_cannot_be_loaded(void **state)
{
    (void)state;
    struct place p = place_make();
    expect_not_loaded("/nonexistent/popquiz",
                      ": is not a folder: give a Maildir or a folder of .eml files, or mbox:FILE");
    write_file(&p, "file", PQ_SLICE(""));
    expect_not_loaded(in_place(&p, "file"),
                      ": is not a folder: give a Maildir or a folder of .eml files, or mbox:FILE");
    assert_int_equal(symlink("/nonexistent/popquiz", in_place(&p, "a.eml")), 0);
    expect_not_loaded(p.path, "/a.eml: cannot be opened: No such file or directory");
    place_remove(&p);
}

/* Root may read everything, so the test needs somebody else. */
static void test_an_unreadable_file(void **state)
{
    (void)state;
    struct place p = place_make();
    write_file(&p, "a.eml", PQ_SLICE("a"));
    assert_int_equal(chmod(in_place(&p, "a.eml"), 0), 0);
    assert_int_equal(chmod(p.path, 0755), 0);
    bool root = geteuid() == 0;
    assert_true(!root || seteuid(65534) == 0);
    expect_not_loaded(p.path, "/a.eml: cannot be opened: Permission denied");
    assert_true(!root || seteuid(0) == 0);
    place_remove(&p);
}

/* ---- accounts files -------------------------------------------------------------------------- */

static enum pq_status load_users(struct place *p, struct pq_store *s, struct pq_slice text,
                                 struct pq_why *why)
{
    write_file(p, "users", text);
    why->text[0] = 0;
    pq_store_init(s, pq_alloc_default());
    return pq_store_load_users(s, in_place(p, "users"), why);
}

static void test_an_accounts_file(void **state)
{
    (void)state;
    struct place p = place_make();
    struct pq_store s;
    struct pq_why why;
    make_folder(&p, "mail");
    write_file(&p, "mail/1.eml", PQ_SLICE("x"));
    enum pq_status status = load_users(&p, &s,
                                       PQ_SLICE("# comment\n\nann\tsecret pass\nbob\tpw\tmail\r\n"
                                                "\r\n \tblank\t\nlast\tno line end\tmail"),
                                       &why);
    assert_string_equal(why.text, "");
    assert_int_equal(status, PQ_STATUS_OK);
    assert_int_equal(s.count, 4);
    expect_octets("ann", pq_store_find(&s, PQ_SLICE("ann"))->password, PQ_SLICE("secret pass"));
    assert_int_equal(pq_store_find(&s, PQ_SLICE("ann"))->count, 0);
    expect_octets("bob", pq_store_find(&s, PQ_SLICE("bob"))->password, PQ_SLICE("pw"));
    assert_int_equal(pq_store_find(&s, PQ_SLICE("bob"))->count, 1);
    expect_octets("blank", pq_store_find(&s, PQ_SLICE(" "))->password, PQ_SLICE("blank"));
    expect_octets("last", pq_store_find(&s, PQ_SLICE("last"))->password, PQ_SLICE("no line end"));
    assert_int_equal(pq_store_find(&s, PQ_SLICE("last"))->count, 1);
    pq_store_free(&s);
    place_remove(&p);
}

static const struct {
    const char *text, *why; /* behind the name of the file */
} bad_users[] = {
    {"", ": holds no account: write name, TAB, password on a line"},
    {"# only a comment\n\n", ": holds no account: write name, TAB, password on a line"},
    {"a\tb\nno tab\n", ":2: the password has 0 octets: 1 to 255 are allowed (name, TAB, password)"},
    {"a\t\tmail\n", ":1: the password has 0 octets: 1 to 255 are allowed (name, TAB, password)"},
    {"\n\tb\n", ":2: the name has 0 octets: 1 to 255 are allowed"},
    {"a\tb\n#\na\tc\n", ":3: the account \"a\" is there already"},
};

static void test_accounts_files_that_are_wrong(void **state)
{
    (void)state;
    struct place p = place_make();
    struct pq_store s;
    struct pq_why why;
    char want[512];
    for (size_t i = 0; i < COUNT(bad_users); i++) {
        assert_int_equal(load_users(&p, &s, pq_slice_text(bad_users[i].text), &why),
                         PQ_STATUS_FILE);
        (void)snprintf(want, sizeof(want), "%s/users%s", p.path, bad_users[i].why);
        assert_string_equal(why.text, want);
        pq_store_free(&s);
    }
    assert_int_equal(load_users(&p, &s, PQ_SLICE("a\tb\tnowhere\n"), &why), PQ_STATUS_FILE);
    (void)snprintf(want, sizeof(want),
                   "%s/users:1: %s/nowhere: is not a folder: give a Maildir or a folder of .eml "
                   "files, or mbox:FILE",
                   p.path, p.path);
    assert_string_equal(why.text, want);
    pq_store_free(&s);
    place_remove(&p);
}

static void test_names_and_passwords_at_their_limit(void **state)
{
    (void)state;
    struct place p = place_make();
    for (size_t name = 254; name <= 256; name++)
        for (size_t password = 254; password <= 256; password++) {
            char text[600];
            struct pq_store s;
            struct pq_why why;
            memset(text, 'x', sizeof(text));
            text[name] = '\t';
            text[name + 1 + password] = '\n';
            enum pq_status status =
                load_users(&p, &s, pq_slice_of(text, name + password + 2), &why);
            assert_int_equal(status == PQ_STATUS_OK, name <= 255 && password <= 255);
            assert_int_equal(why.text[0] == 0, status == PQ_STATUS_OK);
            pq_store_free(&s);
        }
    place_remove(&p);
}

/* What is no regular file is refused, not waited for. */
static void test_an_accounts_file_that_is_none(void **state)
{
    (void)state;
    struct place p = place_make();
    struct pq_store s;
    struct pq_why why = {""};
    assert_int_equal(mkfifo(in_place(&p, "users"), 0600), 0);
    pq_store_init(&s, pq_alloc_default());
    assert_int_equal(pq_store_load_users(&s, in_place(&p, "users"), &why), PQ_STATUS_FILE);
    assert_non_null(strstr(why.text, "/users: is not a regular file"));
    assert_int_equal(pq_store_load_users(&s, p.path, &why), PQ_STATUS_FILE);
    assert_int_equal(pq_store_load_users(&s, in_place(&p, "nothing"), &why), PQ_STATUS_FILE);
    assert_non_null(strstr(why.text, "/nothing: cannot be opened: No such file or directory"));
    pq_store_free(&s);
    place_remove(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_folder_of_eml_files),
        cmocka_unit_test(test_a_maildir),
        cmocka_unit_test(test_flags_do_not_change_the_unique_id),
        cmocka_unit_test(test_folders_that_cannot_be_loaded),
        cmocka_unit_test(test_an_unreadable_file),
        cmocka_unit_test(test_an_accounts_file),
        cmocka_unit_test(test_accounts_files_that_are_wrong),
        cmocka_unit_test(test_names_and_passwords_at_their_limit),
        cmocka_unit_test(test_an_accounts_file_that_is_none),
    };
    return cmocka_run_group_tests_name("store_load", tests, NULL, NULL);
}
