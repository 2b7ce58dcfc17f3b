// SPDX-License-Identifier: Apache-2.0
// What servers under ASan and UBSan are told, since many of them give their children no
// environment: a finding is an abort, which whoever waits for the process sees. ASAN_OPTIONS and
// UBSAN_OPTIONS overrule it. Leaks are not looked for, because servers end without freeing.

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
    return "abort_on_error=1:detect_leaks=0:handle_abort=0:symbolize=0:allocator_may_return_null=1";
}

const char *__ubsan_default_options(void)
{
    return "abort_on_error=1:print_stacktrace=1:symbolize=0";
}
