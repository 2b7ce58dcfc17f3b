/* SPDX-License-Identifier: Apache-2.0
 * For each rule a transcript that breaks it, and a neighbour that a correct server may give. Both
 * in every cut. */
#define _DEFAULT_SOURCE
#include "base/testing.h"

#include "referee/testing.h"

#define HI "S:+OK hi|"
#define IN HI "C:USER a|S:+OK|C:PASS b|S:+OK|"
#define STAT2 "C:STAT|S:+OK 2 30|"
#define LIST2 "C:LIST|S:+OK|S:1 10|S:2 20|S:.|"
#define UIDL2 "C:UIDL|S:+OK|S:1 a|S:2 b|S:.|"
#define MAIL "S:+OK|S:a: b|S:|S:c|S:d|S:.|" /* 14 octets, two lines of body */
#define QUIT "C:QUIT|S:+OK|END|"
#define CAPA "C:CAPA|S:+OK|"

static const struct sample {
    const char *rule;
    const char *broken, *lawful;
} samples[] = {
    {"REF-STATUS-CASE", HI "C:NOOP|S:-err", HI "C:NOOP|S:-ERR"},
    {"REF-STATUS-LONG", "S:+OK %507", "S:+OK %506"},
    {"REF-STATUS-END", "s:+OK^J", "s:+OK^M^J"},
    {"REF-STATUS-SPACE", HI "C:FOO|S:-ERR, no", HI "C:FOO|S:-ERR no"},
    {"REF-STATUS-8BIT", "S:+OK \xC3\xA4", HI "C:LANG de|S:+OK de ja|C:NOOP|S:-ERR \xC3\xA4"},
    {"REF-STATUS-CONTROL", "s:+OK ^A^M^J", "s:+OK ^I^M^J"},
    {"REF-CHALLENGE", HI "C:STAT|S:+ ", HI "C:AUTH PLAIN|S:+ "},
    {"REF-CHALLENGE-SPACE", HI "C:AUTH PLAIN|S:+", HI "C:AUTH PLAIN|S:+ "},
    {"REF-CHALLENGE-BASE64", HI "C:AUTH LOGIN|S:+ User:", HI "C:AUTH LOGIN|S:+ VXNlcjo="},
    {"REF-CANCEL", HI "C:AUTH LOGIN|S:+ VXNlcjo=|C:*|S:+ ",
     HI "C:AUTH LOGIN|S:+ VXNlcjo=|C:*|S:-ERR"},
    {"REF-RESPONSE-BASE64", HI "C:AUTH LOGIN|S:+ VXNlcjo=|C:YQ|S:+ ",
     HI "C:AUTH LOGIN|S:+ VXNlcjo=|C:YQ==|S:+ "},
    {"REF-INITIAL", HI "C:AUTH PLAIN AGEAYg==|S:+ ", HI "C:AUTH PLAIN AGEAYg==|S:+OK"},
    {"REF-GREETING-TIMESTAMP", "S:+OK <a", "S:+OK <1.2@c>"},
    {"REF-GREETING-FORM", "S:* OK IMAP4rev1", "S:+OK IMAP4rev1"},
    {"REF-GREETING-LINES", "S:+OK|S:welcome|C:NOOP|S:-ERR", "S:+OK welcome|C:NOOP|S:-ERR"},
    {"REF-DOT-AFTER-ERR", IN "C:LIST 9|S:-ERR|S:.", IN "C:LIST|S:+OK|S:."},
    {"REF-SINGLE-LINES", IN "C:NOOP|S:+OK|S:more", HI "C:HELP|S:+OK|S:more|S:."},
    {"REF-BODY-GOES-ON", IN "C:RETR 1|S:+OK|S:a: b|S:.|S:c|S:.",
     IN "C:RETR 1|S:+OK|S:a: b|S:..|S:."},
    {"REF-LISTING-GOES-ON", IN "C:LIST|S:+OK|S:1 10|S:.|S:2 20", IN LIST2},
    {"REF-NOT-REPLY", IN "C:NOOP 1|S:-ERR|S:why", IN "C:NOOP 1|S:-ERR why"},
    {"REF-NO-TERMINATOR", IN "C:LIST|C:NOOP|S:+OK|S:1 10|S:+OK",
     IN "C:LIST|C:NOOP|S:+OK|S:1 10|S:.|S:+OK"},
    {"REF-LINE-END", IN "C:LIST|S:+OK|s:1 10^J|S:.", IN "C:LIST|S:+OK|s:1 10^M^J|S:."},
    {"REF-BODY-DOTS", IN "C:RETR 1|S:+OK|S:a: b|S:.c|S:.", IN "C:RETR 1|S:+OK|S:a: b|S:..c|S:."},
    {"REF-BODY-LF", IN "C:RETR 1|S:+OK|s:a: b^Jc^M^J|S:.",
     IN "C:RETR 1|S:+OK|s:a: b^M^Jc^J^M^J|S:."},
    {"REF-REPLY-COUNT", HI "C:NOOP|S:-ERR|S:+OK", HI "C:NOOP|C:NOOP|S:-ERR|S:-ERR"},
    {"REF-UNSOLICITED", IN "S:-ERR|C:NOOP|S:+OK", IN "S:-ERR bye|END"},
    {"REF-AFTER-QUIT", IN "C:QUIT|C:NOOP|S:+OK|S:+OK", IN "C:QUIT|C:NOOP|S:+OK|END"},
    {"REF-SILENCE", IN "C:NOOP|SILENCE", IN "c:NOOP^M|SILENCE"},
    {"REF-SILENCE-GREETING", "SILENCE", HI "SILENCE"},
    {"REF-SILENCE-END", IN "C:LIST|S:+OK|SILENCE", IN "C:LIST|S:+OK|S:.|SILENCE"},
    {"REF-TLS-GREETING", HI "C:STLS|S:+OK|TLS|S:+OK hi", HI "C:STLS|S:+OK|TLS|C:NOOP|S:-ERR"},
    {"REF-TLS-INJECTION", HI "C:STLS|C:NOOP|S:+OK|TLS|S:-ERR",
     HI "C:STLS|C:NOOP|S:+OK|TLS|C:NOOP|S:-ERR"},
    {"REF-TLS-PREFIX", HI "C:STLS|c:CA|S:+OK|TLS|C:PA|S:+OK",
     HI "C:STLS|c:CA|S:+OK|TLS|C:PA|S:-ERR"},
    {"REF-TLS-FALLBACK", HI "C:STLS|S:+OK|C:NOOP|S:+OK", HI "C:STLS|S:-ERR|C:CAPA|S:+OK|S:."},
    {"REF-TLS-TWICE", HI "C:STLS|S:+OK|TLS|C:STLS|S:+OK", HI "C:STLS|S:+OK|TLS|C:STLS|S:-ERR"},
    {"REF-TLS-USER", HI "C:USER a|S:+OK|C:STLS|S:+OK|TLS|C:PASS b|S:+OK",
     HI "C:USER a|S:+OK|C:STLS|S:+OK|TLS|C:PASS b|S:-ERR"},
    {"REF-CODE-AUTH", IN "C:NOOP x|S:-ERR [AUTH] no",
     HI "C:USER a|S:+OK|C:PASS c|S:-ERR [AUTH] no"},
    {"REF-CODE-IN-USE", IN "C:RETR 9|S:-ERR [IN-USE] no",
     HI "C:USER a|S:+OK|C:PASS c|S:-ERR [IN-USE] no"},
    {"REF-CODE-LOGIN-DELAY", IN "C:RETR 9|S:-ERR [LOGIN-DELAY] no",
     HI "C:USER a|S:-ERR [LOGIN-DELAY] no"},
    {"REF-CODE-SYS", IN "C:NOOP|S:+OK [SYS/TEMP] no", IN "C:NOOP|S:-ERR [SYS/TEMP] no|END"},
    {"REF-CODE-UTF8", IN "C:DELE 9|S:-ERR [UTF8] no", IN "C:RETR 9|S:-ERR [UTF8] no"},
    {"REF-CODE-FORM", HI CAPA "S:RESP-CODES|S:.|C:FOO|S:-ERR [a",
     HI CAPA "S:TOP|S:.|C:FOO|S:-ERR [a"},
    {"REF-CODE-CAPA", HI CAPA "S:TOP|S:.|C:FOO|S:-ERR [SYS/TEMP]", HI "C:FOO|S:-ERR [SYS/TEMP]"},
    {"REF-EARLY", HI "C:STAT|S:+OK 0 0", HI "C:STAT|S:-ERR"},
    {"REF-EARLY-NOOP", HI "C:NOOP|S:+OK", IN "C:NOOP|S:+OK"},
    {"REF-EARLY-RSET", HI "C:RSET|S:+OK", IN "C:RSET|S:+OK"},
    {"REF-EARLY-TOP", HI "C:TOP 1 0|S:+OK|S:.", HI "C:TOP 1 0|S:-ERR"},
    {"REF-LATE-LOGIN", IN "C:USER a|S:+OK", IN "C:USER a|S:-ERR"},
    {"REF-LATE-AUTH", IN "C:AUTH PLAIN|S:+ ", IN "C:AUTH PLAIN|S:-ERR"},
    {"REF-LATE-UTF8", IN "C:UTF8|S:+OK", HI "C:UTF8|S:+OK"},
    {"REF-LATE-STLS", IN "C:STLS|S:+OK", IN "C:STLS|S:-ERR"},
    {"REF-PASS-ALONE", HI "C:PASS b|S:+OK", HI "C:PASS b|S:-ERR"},
    {"REF-PASS-NEXT", HI "C:USER a|S:+OK|C:NOOP|S:-ERR|C:PASS b|S:+OK",
     HI "C:USER a|S:+OK|C:NOOP|S:-ERR|C:PASS b|S:-ERR"},
    {"REF-APOP-TIMESTAMP", HI "C:APOP a c4c9334bac560ecc979e58001b3e22fb|S:+OK",
     "S:+OK <1@b>|C:APOP a c4c9334bac560ecc979e58001b3e22fb|S:+OK"},
    {"REF-ARGUMENT-MISSING", HI "C:USER|S:+OK", HI "C:USER|S:-ERR"},
    {"REF-ARGUMENT-SURPLUS", IN "C:NOOP 1|S:+OK", IN "C:LIST 1  |S:+OK 1 9"},
    {"REF-ARGUMENT-NUMBER", IN "C:DELE x|S:+OK", IN "C:DELE 01|S:+OK"},
    {"REF-NOOP", IN "C:NOOP|S:-ERR|C:NOOP|S:+OK", IN "C:NOOP|S:-ERR idle|END"},
    {"REF-RSET", IN "C:RSET|S:-ERR|C:NOOP|S:+OK", IN "C:RSET|S:-ERR idle|END"},
    {"REF-STAT", IN "C:STAT|S:-ERR|C:NOOP|S:+OK", IN "C:STAT|S:-ERR idle|END"},
    {"REF-CAPA-FORM", HI CAPA "S:TOP  x|S:.", HI CAPA "S:EXPIRE NEVER|S:X-A b|S:."},
    {"REF-CAPA-LONG", HI CAPA "S:X %509|S:.", HI CAPA "S:X %508|S:."},
    {"REF-CAPA-STLS", HI "C:STLS|S:+OK|TLS|" CAPA "S:STLS|S:.",
     HI CAPA "S:STLS|S:.|C:STLS|S:+OK|TLS|" CAPA "S:."},
    {"REF-CAPA-LOST", HI CAPA "S:TOP|S:.|C:USER a|S:+OK|C:PASS b|S:+OK|" CAPA "S:UIDL|S:.",
     HI CAPA "S:SASL PLAIN|S:.|C:USER a|S:+OK|C:PASS b|S:+OK|" CAPA "S:UIDL|S:."},
    {"REF-STAT-FORM", IN "C:STAT|S:+OK 2", IN "C:STAT|S:+OK 2 30"},
    {"REF-STAT-EXTRA", IN "C:STAT|S:+OK 2 30 octets", IN "C:LIST|S:+OK 2 30 octets|S:."},
    {"REF-STAT-MARKED", IN STAT2 "C:DELE 1|S:+OK|C:STAT|S:+OK 2 30",
     IN STAT2 "C:DELE 1|S:+OK|C:STAT|S:+OK 1 20"},
    {"REF-STAT-RESET", IN STAT2 "C:DELE 1|S:+OK|C:RSET|S:+OK|C:STAT|S:+OK 1 20",
     IN STAT2 "C:DELE 1|S:+OK|C:RSET|S:+OK|" STAT2},
    {"REF-STAT-COUNT", IN STAT2 "C:STAT|S:+OK 3 30", IN STAT2 STAT2},
    {"REF-STAT-OCTETS", IN LIST2 "C:STAT|S:+OK 2 31", IN LIST2 STAT2},
    {"REF-LIST-ONE-FORM", IN "C:LIST 1|S:+OK 2 20", IN "C:LIST 1|S:+OK 1 20"},
    {"REF-LIST-ONE-EXTRA", IN "C:LIST 1|S:+OK 1 20 x", IN "C:LIST 1|S:+OK 1 20"},
    {"REF-LIST-ONE-SIZE", IN LIST2 "C:LIST 1|S:+OK 1 11", IN LIST2 "C:LIST 1|S:+OK 1 10"},
    {"REF-UIDL-ONE-FORM", IN "C:UIDL 1|S:+OK 2 a", IN "C:UIDL 1|S:+OK 1 a"},
    {"REF-UIDL-ONE-SAME", IN UIDL2 "C:UIDL 1|S:+OK 1 c", IN UIDL2 "C:UIDL 1|S:+OK 1 a"},
    {"REF-LIST-FORM", IN "C:LIST|S:+OK|S:1|S:.", IN "C:LIST|S:+OK|S:1 0|S:."},
    {"REF-LIST-EXTRA", IN "C:LIST|S:+OK|S:1 10 x|S:.", IN "C:LIST|S:+OK x|S:1 10|S:."},
    {"REF-LIST-SIZE", IN LIST2 "C:LIST|S:+OK|S:1 11|S:2 20|S:.", IN LIST2 LIST2},
    {"REF-LIST-NUMBER", IN STAT2 "C:LIST|S:+OK|S:1 10|S:2 20|S:3 5|S:.", IN STAT2 LIST2},
    {"REF-LIST-MARKED", IN "C:DELE 1|S:+OK|" LIST2, IN "C:DELE 1|S:+OK|C:LIST|S:+OK|S:2 20|S:."},
    {"REF-LIST-ORDER", IN "C:LIST|S:+OK|S:2 20|S:1 10|S:.", IN LIST2},
    {"REF-LIST-TWICE", IN "C:LIST|S:+OK|S:1 10|S:1 10|S:.", IN LIST2},
    {"REF-LIST-MISSING", IN STAT2 "C:LIST|S:+OK|S:1 10|S:.",
     IN "C:DELE 1|S:+OK|C:STAT|S:+OK 1 20|C:LIST|S:+OK|S:2 20|S:."},
    {"REF-LIST-RESET", IN LIST2 "C:DELE 1|S:+OK|C:RSET|S:+OK|C:LIST|S:+OK|S:2 20|S:.",
     IN LIST2 "C:DELE 1|S:+OK|C:RSET|S:+OK|" LIST2},
    {"REF-LIST-GAP", IN "C:LIST|S:+OK|S:1 10|S:3 20|S:.",
     IN "C:DELE 2|S:+OK|C:LIST|S:+OK|S:1 10|S:3 20|S:."},
    {"REF-UIDL-FORM", IN "C:UIDL|S:+OK|S:1 a b|S:.", IN "C:UIDL|S:+OK|S:1 a|S:."},
    {"REF-UIDL-LENGTH", IN "C:UIDL|S:+OK|S:1 %71|S:.", IN "C:UIDL|S:+OK|S:1 %70|S:."},
    {"REF-UIDL-OCTETS", IN "C:UIDL|S:+OK|S:1 \xFF|S:.", IN "C:UIDL|S:+OK|S:1 ~|S:."},
    {"REF-UIDL-NUMBER", IN STAT2 "C:UIDL|S:+OK|S:1 a|S:2 b|S:3 c|S:.", IN STAT2 UIDL2},
    {"REF-UIDL-SAME", IN UIDL2 "C:UIDL|S:+OK|S:1 b|S:2 a|S:.", IN UIDL2 UIDL2},
    {"REF-UIDL-UNIQUE", IN LIST2 "C:UIDL|S:+OK|S:1 a|S:2 a|S:.",
     IN "C:LIST|S:+OK|S:1 10|S:2 10|S:.|C:UIDL|S:+OK|S:1 a|S:2 a|S:."},
    {"REF-UIDL-MARKED", IN "C:DELE 1|S:+OK|" UIDL2, IN "C:DELE 1|S:+OK|C:UIDL|S:+OK|S:2 b|S:."},
    {"REF-UIDL-TWICE", IN "C:UIDL|S:+OK|S:1 a|S:1 a|S:.", IN UIDL2},
    {"REF-UIDL-MISSING", IN STAT2 "C:UIDL|S:+OK|S:1 a|S:.", IN STAT2 UIDL2},
    {"REF-MARKED-LIST", IN "C:DELE 1|S:+OK|C:LIST 1|S:+OK 1 10",
     IN "C:DELE 1|S:+OK|C:LIST 1|S:-ERR"},
    {"REF-MARKED-RETR", IN "C:DELE 1|S:+OK|C:RETR 1|" MAIL, IN "C:DELE 1|S:+OK|C:RETR 2|" MAIL},
    {"REF-MARKED-DELE", IN "C:DELE 1|S:+OK|C:DELE 1|S:+OK",
     IN "C:DELE 1|S:+OK|C:RSET|S:+OK|C:DELE 1|S:+OK"},
    {"REF-MARKED-TOP", IN "C:DELE 1|S:+OK|C:TOP 1 2|" MAIL, IN "C:DELE 1|S:-ERR|C:TOP 1 2|" MAIL},
    {"REF-MARKED-UIDL", IN "C:DELE 1|S:+OK|C:UIDL 1|S:+OK 1 a",
     IN "C:UIDL 1|S:+OK 1 a|C:DELE 1|S:+OK"},
    {"REF-ABSENT-LIST", IN STAT2 "C:LIST 3|S:+OK 3 1", IN STAT2 "C:LIST 2|S:+OK 2 1"},
    {"REF-ABSENT-RETR", IN STAT2 "C:RETR 3|" MAIL, IN STAT2 "C:RETR 2|" MAIL},
    {"REF-ABSENT-DELE", IN "C:DELE 0|S:+OK", IN "C:DELE 3|S:+OK"},
    {"REF-ABSENT-TOP", IN STAT2 "C:TOP 3 2|" MAIL, IN STAT2 "C:TOP 2 2|" MAIL},
    {"REF-ABSENT-UIDL", IN STAT2 "C:UIDL 3|S:+OK 3 a", IN STAT2 "C:UIDL 2|S:+OK 2 a"},
    {"REF-RETR-REFUSED", IN STAT2 "C:RETR 2|S:-ERR|C:NOOP|S:+OK",
     IN STAT2 "C:RETR 2|S:-ERR [UTF8] no|C:NOOP|S:+OK"},
    {"REF-LIST-REFUSED", IN STAT2 "C:LIST 2|S:-ERR|C:NOOP|S:+OK",
     IN STAT2 "C:DELE 2|S:+OK|C:LIST 2|S:-ERR|C:NOOP|S:+OK"},
    {"REF-SIZE", IN "C:LIST 1|S:+OK 1 15|C:RETR 1|" MAIL, IN "C:LIST 1|S:+OK 1 14|C:RETR 1|" MAIL},
    {"REF-CONTENT", IN "C:RETR 1|" MAIL "C:RETR 1|S:+OK|S:a: b|S:|S:c|S:e|S:.",
     IN "C:RETR 1|" MAIL "C:RETR 1|" MAIL},
    {"REF-CONTENT-UID", IN UIDL2 "C:RETR 1|" MAIL QUIT IN UIDL2 "C:RETR 1|S:+OK|S:a: b|S:|S:x|S:.",
     IN UIDL2 "C:RETR 1|" MAIL QUIT IN UIDL2 "C:RETR 1|S:+OK|S:a: b|S:Status: RO|S:|S:c|S:d|S:."},
    {"REF-TOP-LINES", IN "C:TOP 1 1|" MAIL, IN "C:TOP 1 2|" MAIL},
    {"REF-TOP-PREFIX", IN "C:RETR 1|" MAIL "C:TOP 1 0|S:+OK|S:a: c|S:|S:.",
     IN "C:RETR 1|" MAIL "C:TOP 1 0|S:+OK|S:a: b|S:|S:."},
    {"REF-TOP-WHOLE", IN "C:RETR 1|" MAIL "C:TOP 1 2|S:+OK|S:a: b|S:|S:c|S:.",
     IN "C:RETR 1|" MAIL "C:TOP 1 1|S:+OK|S:a: b|S:|S:c|S:."},
    {"REF-MAIL-LOST", IN UIDL2 QUIT IN "C:UIDL|S:+OK|S:1 b|S:.",
     IN UIDL2 QUIT IN "C:UIDL|S:+OK|S:1 a|S:2 b|S:3 c|S:."},
    {"REF-MAIL-ABORTED", IN UIDL2 "C:DELE 1|S:+OK|c:QUIT|END|" IN "C:UIDL|S:+OK|S:1 b|S:.",
     IN UIDL2 "C:DELE 1|S:+OK|C:QUIT|END|" IN "C:UIDL|S:+OK|S:1 b|S:."},
    {"REF-MAIL-RESET", IN UIDL2 "C:DELE 1|S:+OK|C:RSET|S:+OK|" QUIT IN "C:UIDL|S:+OK|S:1 b|S:.",
     IN UIDL2 "C:RSET|S:+OK|C:DELE 1|S:+OK|" QUIT IN "C:UIDL|S:+OK|S:1 b|S:."},
    {"REF-MAIL-REMAINED", IN UIDL2 "C:DELE 1|S:+OK|" QUIT IN UIDL2,
     IN UIDL2 "C:DELE 1|S:+OK|C:QUIT|S:-ERR|END|" IN UIDL2},
    {"REF-UIDS-CHANGED", IN UIDL2 QUIT IN "C:UIDL|S:+OK|S:1 c|S:2 d|S:.",
     IN UIDL2 QUIT IN "C:UIDL|S:+OK|S:1 b|S:2 a|S:."},
};

/* What is wrong otherwise, or not proven by the transcript: the rule must not be told. */
static const struct silent {
    const char *rule, *script;
} silents[] = {
    /* Does STAT count marked messages, or is one gone? */
    {"REF-MAIL-ABORTED", IN "C:DELE 1|S:+OK|C:STAT|S:+OK 2 20|END|" IN UIDL2},
    {"REF-MAIL-LOST", IN "C:DELE 1|S:+OK|C:STAT|S:+OK 2 20|" QUIT IN "C:UIDL|S:+OK|S:1 b|S:."},
    {"REF-MAIL-RESET", IN "C:DELE 1|S:+OK|C:RSET|S:+OK|C:DELE 1|S:+OK|C:STAT|S:+OK 2 20|" QUIT IN
                          "C:UIDL|S:+OK|S:1 b|S:."},
    {"REF-STAT-RESET", IN "C:DELE 1|S:+OK|C:STAT|S:+OK 2 20|C:RSET|S:+OK|" STAT2},
    /* It must not be listed at all. */
    {"REF-LIST-SIZE", IN LIST2 "C:DELE 1|S:+OK|C:LIST|S:+OK|S:1 0|S:2 20|S:."},
    {"REF-LIST-ONE-SIZE", IN LIST2 "C:DELE 1|S:+OK|C:LIST 1|S:+OK 1 0"},
    /* Stored without a final line end. */
    {"REF-SIZE", IN "C:LIST 1|S:+OK 1 12|C:RETR 1|" MAIL},
    {"REF-ARGUMENT-NUMBER", IN "C:DELE +1|S:+OK"},
    {"REF-ARGUMENT-NUMBER", IN "C:TOP 1x +2|" MAIL},
    /* What is sent back of a line that is too long is no line of the greeting. */
    {"REF-GREETING-LINES", HI "C:%300|S:%300"},
    {"REF-SINGLE-LINES", IN "C:NOOP|S:+OK|C:%300|S:%300"},
    {"REF-LISTING-GOES-ON", IN LIST2 "C:%300|S:%300"},
    {"REF-PASS-ALONE", HI "C:USER a|S:+OK|C:PASS|S:-ERR|C:PASS b|S:+OK"},
    {"REF-BODY-GOES-ON", IN "C:RETR 1|" MAIL "C:%300|S:%300"},
    /* The end of what a client says may end its last line. */
    {"REF-REPLY-COUNT", IN "C:NOOP|c:NOOP|HALF|S:+OK|S:+OK"},
    {"REF-NOT-REPLY", IN "c:RETR 1|HALF|" MAIL},
    /* Which command is answered inside TLS, that of the clear or that of TLS? */
    {"REF-REPLY-COUNT", HI "c:STLS^JNOOP^M^J|S:+OK|TLS|C:FOO|S:-ERR|S:+OK"},
    {"REF-EARLY", HI "C:STLS|C:CAPA|S:+OK|TLS|C:STAT|S:+OK|S:TOP|S:.|S:-ERR"},
    {"REF-PASS-ALONE", HI "C:STLS|C:USER a|S:+OK|TLS|C:PASS b|S:+OK|S:+OK"},
    {"REF-REPLY-COUNT", HI "C:STLS|C:USER a|S:+OK|TLS|C:PASS b|S:+OK|S:+OK"},
    {"REF-NOT-REPLY", HI "C:STLS|C:CAPA|S:+OK|TLS|C:FOO|S:-ERR|S:TOP"},
    {"REF-TLS-INJECTION", HI "C:STLS|C:NOOP|S:+OK|TLS|C:CAPA|S:+OK|S:.|S:-ERR idle|END"},
    {"REF-MAIL-LOST", IN UIDL2 QUIT HI "C:STLS|C:USER a|S:+OK|TLS|C:PASS b|S:-ERR|S:+OK|"
                                       "C:DELE 1|S:+OK|" QUIT IN "C:UIDL|S:+OK|S:1 b|S:."},
};

#define SILENTS (sizeof(silents) / sizeof(silents[0]))
#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

/* More of the same rules: where they look away, and how near to it they do not. */
static const struct sample corners[] = {
    {"REF-PASS-NEXT",
     HI "C:USER a|S:+OK|C:AUTH PLAIN|S:+ |C:*|S:-ERR|C:CAPA|S:+OK|S:TOP|S:.|C:PASS b|S:+OK",
     HI "C:USER a|S:+OK|C:AUTH PLAIN|S:+ |C:*|S:-ERR|C:PASS b|S:+OK"},
    {"REF-ARGUMENT-MISSING", HI "C:USER |S:+OK", HI "C:USER \t|S:+OK"},
    {"REF-INITIAL", HI "C:AUTH plain AGEAYg==|S:+ ", HI "C:AUTH PLAIN AGEAYg|S:+ "},
    {"REF-TOP-WHOLE", IN "C:RETR 1|" MAIL "C:TOP 1 9|S:+OK|S:a: b|S:|S:c|S:d|S:e|S:.",
     IN "C:RETR 1|S:+OK|S:a: b|S:.|C:TOP 1 0|S:+OK|S:a: b|S:|S:."},
    {"REF-MAIL-ABORTED", IN STAT2 "C:DELE 1|S:+OK|c:QUIT|END|" IN QUIT IN "C:STAT|S:+OK 1 9",
     IN STAT2 "C:DELE 1|S:+OK|c:QUIT|END|" IN QUIT IN STAT2},
};

#define CORNERS (sizeof(corners) / sizeof(corners[0]))

/* The findings of a transcript, which are the same in every cut. */
static struct seen watch_in_cuts(const char *script)
{
    struct seen whole = watch(script, 0);
    for (size_t piece = 1; piece <= 7; piece++) {
        struct seen cut = watch(script, piece);
        if (strcmp(cut.text, whole.text) != 0)
            fail_msg("%s\nwhole: %s\nin pieces of %zu: %s", script, whole.text, piece, cut.text);
    }
    return whole;
}

static void check_broken(const struct sample *s)
{
    struct seen seen = watch_in_cuts(s->broken);
    if (!saw(&seen, s->rule))
        fail_msg("%s does not see %s: %s", s->rule, s->broken, seen.text);
    if (seen.count > 2)
        fail_msg("%s: too many findings: %s", s->rule, seen.text);
}

static void check_lawful(const struct sample *s)
{
    struct seen seen = watch_in_cuts(s->lawful);
    if (seen.count > 0)
        fail_msg("%s: a false alarm for %s: %s", s->rule, s->lawful, seen.text);
}

static void test_broken(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++)
        check_broken(&samples[i]);
    for (size_t i = 0; i < CORNERS; i++)
        check_broken(&corners[i]);
}

static void test_lawful(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++)
        check_lawful(&samples[i]);
    for (size_t i = 0; i < CORNERS; i++)
        check_lawful(&corners[i]);
}

static void test_what_is_not_proven(void **state)
{
    (void)state;
    for (size_t i = 0; i < SILENTS; i++) {
        struct seen seen = watch_in_cuts(silents[i].script);
        if (saw(&seen, silents[i].rule))
            fail_msg("%s: not proven by %s: %s", silents[i].rule, silents[i].script, seen.text);
    }
}

/* What stands where an answer is due to a line that is too long is not about the command before;
 * what is gone is not about the command that shows it. */
static void test_what_a_finding_is_about(void **state)
{
    static const struct {
        const char *script;
        enum pq_verb verb;
    } rows[] = {
        {IN "C:NOOP|S:+OK|C:%300|S:%300", PQ_VERB_UNKNOWN},
        {IN LIST2 "C:%300|S:%300", PQ_VERB_UNKNOWN},
        {IN LIST2 "S:3 30", PQ_VERB_LIST},
        {IN UIDL2 QUIT IN "C:UIDL|S:+OK|S:1 b|S:.", PQ_VERB_UNKNOWN},
        {HI "C:STLS|C:NOOP|S:+OK|TLS|C:USER a|S:-ERR|S:+OK", PQ_VERB_UNKNOWN},
        {IN "C:NOOP|S:+OK|S:more|C:%300|S:-ERR", PQ_VERB_NOOP},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct seen seen = watch(rows[i].script, 0);
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.verb, rows[i].verb);
    }
}

/* The neighbours of what is let pass. */
static void test_what_is_proven(void **state)
{
    static const struct silent near[] = {
        {"REF-SIZE", IN "C:LIST 1|S:+OK 1 13|C:RETR 1|" MAIL},
        {"REF-SIZE", IN "C:LIST 1|S:+OK 1 14|C:RETR 1|S:+OK|S:a: b|S:|S:c|S:d|S:|S:.|"},
        {"REF-ARGUMENT-NUMBER", IN "C:TOP 1 -2|" MAIL},
        {"REF-ARGUMENT-NUMBER", IN "C:DELE +|S:+OK"},
        {"REF-NOT-REPLY", HI "C:%300|S:%300"},
        {"REF-NOT-REPLY", IN "C:NOOP|S:+OK|C:%300|S:%300"},
        {"REF-PASS-NEXT", HI "C:USER a|S:+OK|C:PASS|S:-ERR|C:PASS b|S:+OK"},
        {"REF-PASS-ALONE", HI "C:USER a|S:+OK|C:PASS c|S:-ERR|C:PASS b|S:+OK"},
        {"REF-NOT-REPLY", IN LIST2 "C:%300|S:%300"},
        {"REF-REPLY-COUNT", IN "c:NOOP|S:+OK|HALF"},
        {"REF-REPLY-COUNT", IN "C:NOOP|HALF|S:+OK|S:+OK"},
        {"REF-EARLY-NOOP", HI "C:NOOP|c:NOOP|HALF|S:+OK|S:+OK"},
        {"REF-MAIL-ABORTED",
         IN UIDL2 "C:DELE 1|S:+OK|c:QUIT|HALF|S:+OK|END|" IN "C:UIDL|S:+OK|S:1 b|S:."},
        {"REF-SINGLE-LINES", IN "C:NOOP|S:+OK|S:%300|C:%300|S:-ERR"},
        {"REF-TLS-INJECTION", HI "C:STLS|C:USER a|S:+OK|TLS|C:PASS b|S:+OK|S:+OK"},
        {"REF-TLS-INJECTION", HI "C:STLS|c:CA|S:+OK|TLS|C:FOO|S:-ERR|S:+OK"},
        {"REF-STATUS-CASE", HI "C:STLS|C:NOOP|S:+OK|TLS|C:NOOP|S:-err"},
        {"REF-LIST-MARKED", IN LIST2 "C:DELE 1|S:+OK|C:LIST|S:+OK|S:1 0|S:2 20|S:."},
        {"REF-STAT-MARKED",
         IN "C:STAT|S:+OK 2 30|C:DELE 1|S:+OK|C:STAT|S:+OK 2 20|C:RSET|S:+OK|" STAT2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); i++) {
        struct seen seen = watch_in_cuts(near[i].script);
        if (!saw(&seen, near[i].rule))
            fail_msg("%s does not see %s: %s", near[i].rule, near[i].script, seen.text);
    }
}

static void test_every_rule_has_samples(void **state)
{
    (void)state;
    assert_int_equal(pq_referee_rule_count(), SAMPLES);
    for (size_t i = 0; i < SAMPLES; i++)
        assert_string_equal(pq_referee_rule_at(i)->id, samples[i].rule);
}

/* ---- what others read ------------------------------------------------------------------------ */

static const char *read_file(const char *path)
{
    static char text[1u << 20];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    assert_true(len < sizeof(text) - 1);
    text[len] = 0;
    return text;
}

static void test_readme_has_the_table(void **state)
{
    (void)state;
    const char *at = strstr(read_file(PQ_REFEREE_README), "|---|---|---|\n");
    assert_non_null(at);
    at = strchr(at, '\n') + 1;
    for (size_t i = 0; i < pq_referee_rule_count(); i++) {
        const struct pq_referee_rule *rule = pq_referee_rule_at(i);
        char row[256];
        int len = snprintf(row, sizeof(row), "| `%s` | `%s` | %s |\n", rule->id, rule->requirement,
                           rule->sees);
        if (strncmp(at, row, (size_t)len) != 0)
            fail_msg("README.md: row %zu must be: %s", i + 1, row);
        at += len;
    }
    assert_int_equal(*at, 0);
}

static void test_requirements_exist(void **state)
{
    (void)state;
    const char *catalogue = read_file(PQ_REQUIREMENTS);
    for (size_t i = 0; i < pq_referee_rule_count(); i++) {
        char row[64];
        (void)snprintf(row, sizeof(row), "\n%s\t", pq_referee_rule_at(i)->requirement);
        if (!strstr(catalogue, row))
            fail_msg("%s: no requirement %s", pq_referee_rule_at(i)->id, row + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_lawful),
        cmocka_unit_test(test_what_is_not_proven),
        cmocka_unit_test(test_what_a_finding_is_about),
        cmocka_unit_test(test_what_is_proven),
        cmocka_unit_test(test_every_rule_has_samples),
        cmocka_unit_test(test_readme_has_the_table),
        cmocka_unit_test(test_requirements_exist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
