/* SPDX-License-Identifier: Apache-2.0
 *
 * The options of popquiz-mock as one table: reading them and printing --help both follow it. The
 * values are read in mock_values.c.
 */
#ifndef PQ_TOOLS_MOCK_OPTIONS_INTERNAL_H
#define PQ_TOOLS_MOCK_OPTIONS_INTERNAL_H

#include "tools/mock_options.h"

/* identifier, name, what stands behind it (NULL: nothing), help */
#define MOCK_OPTION_LIST(X)                                                                        \
    X(port, "port", "N", "listen on 127.0.0.1:N; 0 takes a free port")                             \
    X(tls_port, "tls-port", "N", "the same with TLS from the first octet")                         \
    X(listen, "listen", "ADDRESS", "tcp://HOST:PORT, tcp://[V6]:PORT or unix:/PATH")               \
    X(tls_listen, "tls-listen", "ADDRESS", "the same with TLS from the first octet")               \
    X(everywhere, "everywhere", NULL, "permit addresses that other machines reach")                \
    X(inetd, "inetd", NULL, "one session on standard input and output")                            \
    X(inetd_tls, "inetd-tls", NULL, "the same with TLS from the first octet")                      \
    X(connections, "connections", "N", "connections at once; without it 20000")                    \
    X(users, "users", "FILE", "accounts: name, TAB, password, TAB, folder or mbox:FILE")           \
    X(maildrop, "maildrop", "FOLDER",                                                              \
      "a Maildir, a folder of .eml files or mbox:FILE for the account \"user\"")                   \
    X(tls, "tls", NULL, "offer STLS")                                                              \
    X(tls_folder, "tls-folder", "FOLDER",                                                          \
      "where authority and certificates are made; without it temporary")                           \
    X(certificate, "certificate", "KIND", "good, expired, not-yet, wrong-name or self-signed")     \
    X(client_ca, "client-ca", "FILE",                                                              \
      "ask clients for a certificate of this authority, for EXTERNAL; own: of the server's")       \
    X(tls_min, "tls-min", "VERSION", "lowest TLS version; without it 1.2")                         \
    X(tls_max, "tls-max", "VERSION", "highest TLS version; without it 1.3")                        \
    X(leftover, "stls-leftover", "WHAT", "discard what came behind STLS in clear, or close")       \
    X(require_tls, "require-tls", NULL, "take no password in clear")                               \
    X(read_only, "read-only", NULL, "remove no message: QUIT is refused when some are marked")     \
    X(no_apop, "no-apop", NULL, "offer no APOP")                                                   \
    X(no_user, "no-user", NULL, "offer no USER and PASS")                                          \
    X(no_sasl, "no-sasl", NULL, "offer no AUTH")                                                   \
    X(no_utf8, "no-utf8", NULL, "offer no UTF8")                                                   \
    X(no_lang, "no-lang", NULL, "offer no LANG")                                                   \
    X(no_pipelining, "no-pipelining", NULL, "do not announce PIPELINING")                          \
    X(mechanisms, "mechanisms", "LIST", "SASL mechanisms, separated by commas, or all")            \
    X(implementation, "implementation", "TEXT", "of the IMPLEMENTATION capability")                \
    X(capa, "capa", "LIST", "auth=no,tls=no:TOP;UIDL and so on: a capability list as given")       \
    X(lenient, "lenient", "LIST", "tolerate lf, blanks, surplus, zeros")                           \
    X(autologout, "autologout", "SECONDS", "inactivity that ends a session; without it 600")       \
    X(handshake, "handshake", "SECONDS", "patience with a TLS handshake; without it 60")           \
    X(login_delay, "login-delay", "SECONDS",                                                       \
      "between two logins of an account (RFC 2449 section 6.5)")                                   \
    X(expire, "expire", "DAYS", "announced as EXPIRE; without it never")                           \
    X(seed, "seed", "N", "the same numbers, and constants of faults, every time")                  \
    X(clock, "clock", "MS", "time stands still and begins at MS (see --control); without it real") \
    X(apop_timestamp, "apop-timestamp", "TEXT", "a fixed one, with its angle brackets")            \
    X(nonce, "nonce", "TEXT", "a fixed one for SASL")                                              \
    X(fault, "fault", "NAME", "deviate: NAME, NAME(constant=value), and @nth; may be repeated")    \
    X(script, "script", "FILE",                                                                    \
      "play a dialogue of role server on the next connection; may be repeated")                    \
    X(sessions, "sessions", "N", "end once N connections have ended")                              \
    X(control, "control", NULL,                                                                    \
      "obey JSON lines on standard input: advance, reset, deliver, peek, quit")                    \
    X(transcript, "transcript", "FILE", "write what is said as JSON lines, secrets masked")

/* Takes the value of one option. SYNTAX: `*why` tells what is wrong with it. */
typedef enum pq_status mock_option_reader(struct mock_options *o, const char *value,
                                          struct pq_why *why);

#define X(id, name, value, help) mock_option_reader mock_on_##id;
MOCK_OPTION_LIST(X)
#undef X

#endif
