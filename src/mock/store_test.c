/* SPDX-License-Identifier: Apache-2.0
 * Mail in memory, and how it gets there: folders, accounts files, delivery, reset. */
#define _DEFAULT_SOURCE
#include "mock/testing.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

/* ---- content --------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    struct pq_slice given, kept;
    uint64_t octets; /* as RETR sends it, without stuffing and terminator */
    bool header_8bit;
} contents[] = {
    {"CRLF", PQ_SLICE_INIT("a\r\n\r\nb\r\n"), PQ_SLICE_INIT("a\r\n\r\nb\r\n"), 8, false},
    {"LF", PQ_SLICE_INIT("a\n\nb\n"), PQ_SLICE_INIT("a\r\n\r\nb\r\n"), 8, false},
    {"mixed", PQ_SLICE_INIT("a\n\r\nb\r\n\n"), PQ_SLICE_INIT("a\r\n\r\nb\r\n\r\n"), 10, false},
    {"bare CR", PQ_SLICE_INIT("a\rb\r\n"), PQ_SLICE_INIT("a\rb\r\n"), 5, false},
    {"CR at the end", PQ_SLICE_INIT("a\r"), PQ_SLICE_INIT("a\r"), 4, false},
    {"CR CRLF", PQ_SLICE_INIT("a\r\r\n"), PQ_SLICE_INIT("a\r\r\n"), 4, false},
    {"NUL", PQ_SLICE_INIT("a\0b\n"), PQ_SLICE_INIT("a\0b\r\n"), 5, false},
    {"no line end", PQ_SLICE_INIT("a"), PQ_SLICE_INIT("a"), 3, false},
    {"line end only", PQ_SLICE_INIT("\n"), PQ_SLICE_INIT("\r\n"), 2, false},
    {"empty", PQ_SLICE_INIT(""), PQ_SLICE_INIT(""), 0, false},
    {"8-bit body", PQ_SLICE_INIT("a\n\n\xC3\xA9\n"), PQ_SLICE_INIT("a\r\n\r\n\xC3\xA9\r\n"), 9,
     false},
    {"8-bit header", PQ_SLICE_INIT("\xC3\xA9\n\nb\n"), PQ_SLICE_INIT("\xC3\xA9\r\n\r\nb\r\n"), 9,
     true},
    {"8-bit behind LF CR", PQ_SLICE_INIT("a\n\r\x80\n"), PQ_SLICE_INIT("a\r\n\r\x80\r\n"), 7, true},
    {"8-bit body, no header", PQ_SLICE_INIT("\n\xC3\xA9\n"), PQ_SLICE_INIT("\r\n\xC3\xA9\r\n"), 6,
     false},
    {"8-bit in the last header", PQ_SLICE_INIT("a\n\x80"), PQ_SLICE_INIT("a\r\n\x80"), 6, true},
};

static void test_content_is_normalised(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(contents); i++) {
        struct pq_store s;
        pq_store_init(&s, pq_alloc_default());
        struct pq_account *a = pq_store_add(&s, PQ_SLICE("a"), PQ_SLICE("b"));
        struct pq_slice given = guard_slice(contents[i].given);
        assert_int_equal(pq_store_deliver(&s, a, PQ_SLICE("x"), given), PQ_STATUS_OK);
        const struct pq_stored *m = a->messages[0];
        expect_octets(contents[i].name, m->content, contents[i].kept);
        assert_int_equal(m->octets, contents[i].octets);
        assert_int_equal(m->header_8bit, contents[i].header_8bit);
        pq_store_free(&s);
    }
}

/* LIST tells exactly what RETR sends, for every content. */
static void test_sizes_are_what_is_sent(void **state)
{
    (void)state;
    static struct received r;
    for (size_t i = 0; i < COUNT(contents); i++) {
        struct pq_mock m;
        mock_begin(&m);
        m.config.utf8 = false;
        add_mail(&m, "tim", contents[i].given);
        uint64_t octets = contents[i].octets;
        converse(&m, PQ_SLICE(LOGIN), 4096, &r);
        size_t login_len = r.len;
        converse(&m, PQ_SLICE(LOGIN "RETR 1\r\n"), 4096, &r);
        /* status line and terminator besides; no line here begins with a dot */
        assert_int_equal(r.len - login_len, 21 + octets + 3);
        pq_mock_free(&m);
    }
}

static void test_unique_ids(void **state)
{
    (void)state;
    struct pq_store s;
    pq_store_init(&s, pq_alloc_default());
    struct pq_account *a = pq_store_add(&s, PQ_SLICE("a"), PQ_SLICE("b"));
    static const struct {
        const char *label, *content;
    } mail[] = {{"1", "a"}, {"1", "b"}, {"2", "a"}, {"1", "a\n"}};
    for (size_t i = 0; i < COUNT(mail); i++) {
        struct pq_slice content = pq_slice_text(mail[i].content);
        assert_int_equal(pq_store_deliver(&s, a, pq_slice_text(mail[i].label), content), 0);
        struct pq_slice uid = pq_slice_of(a->messages[i]->uid, PQ_STORE_UID_LEN);
        assert_true(pq_slice_is_visible(uid));
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(a->messages[k]->uid, uid.at, uid.len);
    }
    assert_int_equal(pq_store_deliver(&s, a, PQ_SLICE("1"), PQ_SLICE("a")), 0);
    assert_memory_equal(a->messages[4]->uid, a->messages[0]->uid, PQ_STORE_UID_LEN);
    pq_store_free(&s);
}

/* ---- accounts -------------------------------------------------------------------------------- */

static void test_the_number_of_accounts_is_limited(void **state)
{
    (void)state;
    struct pq_store s;
    char name[16];
    pq_store_init(&s, pq_alloc_default());
    for (unsigned i = 0; i < PQ_STORE_ACCOUNTS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "%u", i);
        assert_non_null(pq_store_add(&s, pq_slice_text(name), PQ_SLICE("p")));
    }
    assert_null(pq_store_add(&s, PQ_SLICE("one more"), PQ_SLICE("p")));
    assert_int_equal(s.count, PQ_STORE_ACCOUNTS_MAX);
    assert_null(pq_store_find(&s, PQ_SLICE("one more")));
    for (unsigned i = 0; i < PQ_STORE_ACCOUNTS_MAX; i += 97) {
        (void)snprintf(name, sizeof(name), "%u", i);
        expect_octets("name", pq_store_find(&s, pq_slice_text(name))->name, pq_slice_text(name));
    }
    assert_null(pq_store_find(&s, PQ_SLICE("")));
    assert_null(pq_store_find(&s, PQ_SLICE("1 ")));
    pq_store_free(&s);
}

static void test_memory_that_runs_out(void **state)
{
    (void)state;
    size_t n = 1;
    for (bool clean = false; !clean; n++) {
        struct nth_fault f = {.fail_at = n};
        struct pq_store s;
        pq_store_init(&s, (struct pq_alloc){fault_resize, &f});
        struct pq_account *a = pq_store_add(&s, PQ_SLICE("a"), PQ_SLICE("b"));
        size_t delivered = 0;
        static uint8_t large[10000];
        for (size_t i = 0; a && i < 5; i++)
            delivered += pq_store_deliver(&s, a, PQ_SLICE("x"), pq_slice_of(large, i * 2500)) ==
                         PQ_STATUS_OK;
        assert_true(!a || a->count == delivered);
        clean = f.calls < n;
        assert_true(!clean || delivered == 5);
        pq_store_free(&s);
    }
    assert_in_range(n, 6, 20);
}

/* ---- reset ----------------------------------------------------------------------------------- */

static void deliver(struct pq_store *s, struct pq_account *a, bool delivered)
{
    assert_int_equal(pq_store_deliver(s, a, PQ_SLICE("x"), PQ_SLICE("y")), PQ_STATUS_OK);
    a->messages[a->count - 1]->delivered = delivered;
}

/* Delivers `more`, removes every second message, and resets. */
static void check_reset(struct pq_store *s, struct pq_account *a, size_t more)
{
    size_t loaded = a->count;
    for (size_t i = 0; i < more; i++)
        deliver(s, a, true);
    for (size_t i = 0; i < a->count; i++)
        a->messages[i]->gone = i % 2;
    a->logged_in_before = true;
    pq_store_reset(s);
    assert_int_equal(a->count, loaded);
    assert_false(a->logged_in_before);
    for (size_t i = 0; i < a->count; i++)
        assert_false(a->messages[i]->gone);
}

static void test_reset(void **state)
{
    (void)state;
    struct pq_store s;
    pq_store_init(&s, pq_alloc_default());
    struct pq_account *a = pq_store_add(&s, PQ_SLICE("a"), PQ_SLICE("b"));
    for (size_t loaded = 0; loaded < 9; loaded++) {
        for (size_t more = 0; more < 9; more++)
            check_reset(&s, a, more);
        deliver(&s, a, false);
    }
    pq_store_free(&s);
}

/* A session that is open keeps its view: what was delivered and forgotten can still be read. */
static void test_reset_under_an_open_session(void **state)
{
    (void)state;
    static struct received r;
    struct pq_mock m;
    mock_begin(&m);
    add_mail(&m, "tim", PQ_SLICE("one\n"));
    add_mail(&m, "tim", PQ_SLICE("two\n"));
    struct pq_account *a = pq_store_find(&m.store, PQ_SLICE("tim"));
    a->messages[1]->delivered = true;
    struct pq_server *s = pq_server_new(&m, PQ_TLS_NONE, 0);
    (void)talk(s, PQ_SLICE(LOGIN), 4096, 0, &r);
    pq_store_reset(&m.store);
    r.len = 0;
    (void)talk(s, PQ_SLICE("RETR 2\r\nDELE 2\r\nQUIT\r\n"), 4096, 0, &r);
    expect_octets("after reset", received_slice(&r),
                  PQ_SLICE("+OK message follows\r\ntwo\r\n.\r\n+OK message marked as deleted\r\n"
                           "+OK bye\r\n"));
    pq_server_free(s);
    assert_int_equal(a->count, 1);
    pq_mock_free(&m);
}

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
                      ": is not a folder: give a Maildir or a folder of .eml files");
    write_file(&p, "file", PQ_SLICE(""));
    expect_not_loaded(in_place(&p, "file"),
                      ": is not a folder: give a Maildir or a folder of .eml files");
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
                   "files",
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
        cmocka_unit_test(test_content_is_normalised),
        cmocka_unit_test(test_sizes_are_what_is_sent),
        cmocka_unit_test(test_unique_ids),
        cmocka_unit_test(test_the_number_of_accounts_is_limited),
        cmocka_unit_test(test_memory_that_runs_out),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_reset_under_an_open_session),
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
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
