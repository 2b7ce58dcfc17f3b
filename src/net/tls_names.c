/* SPDX-License-Identifier: Apache-2.0
 * Names of versions, ends and alerts. */
#include "net/tls.h"

bool pq_tls_version_parse(struct pq_slice text, enum pq_tls_version *out)
{
    static const struct pq_slice texts[] = {
#define X(name, text) [PQ_TLS_##name] = PQ_SLICE_INIT(text),
        PQ_TLS_VERSION_LIST(X)
#undef X
    };
    for (size_t i = PQ_TLS_1_0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (!pq_slice_equal(text, texts[i]))
            continue;
        *out = (enum pq_tls_version)i;
        return true;
    }
    return false;
}

const char *pq_tls_end_name(enum pq_tls_end end)
{
    switch (end) {
#define X(name, text)                                                                              \
    case PQ_TLS_END_##name:                                                                        \
        return #name;
        PQ_TLS_END_LIST(X)
#undef X
    }
    return "UNKNOWN";
}

const char *pq_tls_end_text(enum pq_tls_end end)
{
    switch (end) {
#define X(name, text)                                                                              \
    case PQ_TLS_END_##name:                                                                        \
        return text;
        PQ_TLS_END_LIST(X)
#undef X
    }
    return "an unknown end";
}

/* RFC 8446 section 6 and, for what it dropped, RFC 5246 section 7.2 and RFC 6066 section 9. */
static const char *const alert_names[] = {
    [0] = "close_notify",
    [10] = "unexpected_message",
    [20] = "bad_record_mac",
    [21] = "decryption_failed",
    [22] = "record_overflow",
    [30] = "decompression_failure",
    [40] = "handshake_failure",
    [41] = "no_certificate",
    [42] = "bad_certificate",
    [43] = "unsupported_certificate",
    [44] = "certificate_revoked",
    [45] = "certificate_expired",
    [46] = "certificate_unknown",
    [47] = "illegal_parameter",
    [48] = "unknown_ca",
    [49] = "access_denied",
    [50] = "decode_error",
    [51] = "decrypt_error",
    [60] = "export_restriction",
    [70] = "protocol_version",
    [71] = "insufficient_security",
    [80] = "internal_error",
    [86] = "inappropriate_fallback",
    [90] = "user_canceled",
    [100] = "no_renegotiation",
    [109] = "missing_extension",
    [110] = "unsupported_extension",
    [111] = "certificate_unobtainable",
    [112] = "unrecognized_name",
    [113] = "bad_certificate_status_response",
    [114] = "bad_certificate_hash_value",
    [115] = "unknown_psk_identity",
    [116] = "certificate_required",
    [120] = "no_application_protocol",
};

const char *pq_tls_alert_name(unsigned alert)
{
    if (alert >= sizeof(alert_names) / sizeof(alert_names[0]) || !alert_names[alert])
        return "unknown";
    return alert_names[alert];
}
