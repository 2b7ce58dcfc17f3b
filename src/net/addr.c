/* SPDX-License-Identifier: Apache-2.0 */
#include "net/addr.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* ---- text -> value --------------------------------------------------------------------------- */

static enum pq_status addr_refuse(struct pq_why *why, struct pq_slice text, const char *what)
{
    return pq_why_fail(why, PQ_STATUS_ADDRESS, "\"%.*s\" is no address: %s", (int)text.len,
                       (const char *)text.at, what);
}

/* What names and addresses are made of; the rest of them is the resolver's to judge. */
static bool is_host(struct pq_slice host, bool v6)
{
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = host.at[i];
        bool usual =
            pq_ascii_is_alpha(c) || pq_ascii_is_digit(c) || c == '.' || c == '-' || c == '_';
        if (!usual && !(v6 && (c == ':' || c == '%')))
            return false;
    }
    return host.len > 0 && host.len <= PQ_ADDR_HOST_MAX;
}

/* Cuts "[V6]" or everything before the last colon off `*rest`, and leaves ":PORT". */
static struct pq_slice cut_host(struct pq_slice *rest, bool *v6)
{
    struct pq_slice all = *rest;
    *v6 = pq_slice_starts(all, PQ_SLICE("["));
    if (*v6) {
        size_t end = pq_slice_index(all, ']');
        *rest = pq_slice_after(all, end + 1);
        return pq_slice_after(pq_slice_first(all, end), 1);
    }
    size_t colon = all.len;
    while (colon > 0 && all.at[colon - 1] != ':')
        colon--;
    *rest = pq_slice_after(all, colon > 0 ? colon - 1 : all.len);
    return pq_slice_first(all, colon > 0 ? colon - 1 : all.len);
}

static enum pq_status parse_tcp(struct pq_slice text, struct pq_addr *addr, struct pq_why *why)
{
    struct pq_slice rest = pq_slice_after(text, sizeof("tcp://") - 1);
    struct pq_slice host = cut_host(&rest, &addr->v6);
    uint32_t port = 0;
    if (!addr->v6 && pq_slice_index(host, ':') < host.len)
        return addr_refuse(why, text, "put an IPv6 address in brackets, as in tcp://[::1]:110");
    if (!is_host(host, addr->v6))
        return addr_refuse(why, text, "the host is empty, too long, or has an octet that none has");
    if (!pq_slice_starts(rest, PQ_SLICE(":")) ||
        pq_parse_u32(pq_slice_after(rest, 1), &port) != PQ_STATUS_OK || port > UINT16_MAX)
        return addr_refuse(why, text, "after the host comes a colon and a port from 0 to 65535");
    memcpy(addr->host, host.at, host.len);
    addr->port = (uint16_t)port;
    return PQ_STATUS_OK;
}

static enum pq_status parse_unix(struct pq_slice text, struct pq_addr *addr, struct pq_why *why)
{
    struct pq_slice path = pq_slice_after(text, sizeof("unix:") - 1);
    if (!pq_slice_starts(path, PQ_SLICE("/")))
        return addr_refuse(why, text, "the path of a Unix socket begins with a slash");
    if (path.len > PQ_ADDR_PATH_MAX)
        return addr_refuse(why, text,
                           "the path is longer than the system takes; use a shorter one");
    if (pq_slice_index(path, 0) < path.len)
        return addr_refuse(why, text, "the path holds a NUL");
    memcpy(addr->path, path.at, path.len);
    return PQ_STATUS_OK;
}

enum pq_status pq_addr_parse(struct pq_slice text, struct pq_addr *addr, struct pq_why *why)
{
    struct pq_addr got = {.kind = PQ_ADDR_TCP};
    enum pq_status status = PQ_STATUS_ADDRESS;
    if (pq_slice_starts(text, PQ_SLICE("tcp://"))) {
        status = parse_tcp(text, &got, why);
    } else if (pq_slice_starts(text, PQ_SLICE("unix:"))) {
        got.kind = PQ_ADDR_UNIX;
        status = parse_unix(text, &got, why);
    } else {
        return addr_refuse(why, text, "write tcp://HOST:PORT, tcp://[V6]:PORT or unix:/PATH");
    }
    if (status == PQ_STATUS_OK)
        *addr = got;
    return status;
}

/* ---- value -> text --------------------------------------------------------------------------- */

struct pq_addr_text pq_addr_text(const struct pq_addr *addr)
{
    struct pq_addr_text text;
    if (addr->kind == PQ_ADDR_UNIX)
        (void)snprintf(text.at, sizeof(text.at), "unix:%s", addr->path);
    else
        (void)snprintf(text.at, sizeof(text.at), addr->v6 ? "tcp://[%s]:%u" : "tcp://%s:%u",
                       addr->host, (unsigned)addr->port);
    return text;
}

enum pq_status pq_addr_write(const struct pq_addr *addr, struct pq_buf *out)
{
    struct pq_addr_text text = pq_addr_text(addr);
    return pq_buf_put_text(out, text.at) ? PQ_STATUS_OK : PQ_STATUS_NO_ROOM;
}

/* ---- value <-> socket addresses -------------------------------------------------------------- */

static enum pq_status resolve_unix(const struct pq_addr *addr, struct pq_endpoints *out)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path, addr->path, sizeof(at.sun_path));
    memcpy(&out->each[0].at, &at, sizeof(at));
    out->each[0].len =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(at.sun_path) + 1);
    out->len = 1;
    return PQ_STATUS_OK;
}

enum pq_status pq_addr_resolve(const struct pq_addr *addr, struct pq_endpoints *out,
                               struct pq_why *why)
{
    *out = (struct pq_endpoints){.addr = *addr};
    if (addr->kind == PQ_ADDR_UNIX)
        return resolve_unix(addr, out);
    struct addrinfo hints = {.ai_family = addr->v6 ? AF_INET6 : AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV | (addr->v6 ? AI_NUMERICHOST : 0)};
    struct addrinfo *found = NULL;
    char port[sizeof("65535")];
    (void)snprintf(port, sizeof(port), "%u", (unsigned)addr->port);
    int error = getaddrinfo(addr->host, port, &hints, &found);
    if (error != 0)
        return pq_why_fail(why, PQ_STATUS_ADDRESS, "cannot resolve %s: %s", pq_addr_text(addr).at,
                           gai_strerror(error));
    for (struct addrinfo *i = found; i && out->len < PQ_ENDPOINTS_MAX; i = i->ai_next) {
        struct pq_endpoint *e = &out->each[out->len++];
        memcpy(&e->at, i->ai_addr, i->ai_addrlen);
        e->len = i->ai_addrlen;
    }
    freeaddrinfo(found);
    return PQ_STATUS_OK;
}

/* IPv4 and IPv6 in numbers, the zone included. */
static enum pq_status endpoint_number(const struct pq_endpoint *e, struct pq_addr *addr)
{
    char port[sizeof("65535")];
    uint32_t number = 0;
    if (getnameinfo((const struct sockaddr *)&e->at, e->len, addr->host, sizeof(addr->host), port,
                    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0 ||
        pq_parse_u32(pq_slice_text(port), &number) != PQ_STATUS_OK)
        return PQ_STATUS_NET;
    addr->v6 = e->at.ss_family == AF_INET6;
    addr->port = (uint16_t)number;
    return PQ_STATUS_OK;
}

static enum pq_status endpoint_addr(const struct pq_endpoint *e, struct pq_addr *addr)
{
    *addr = (struct pq_addr){.kind = PQ_ADDR_TCP};
    if (e->at.ss_family != AF_UNIX)
        return endpoint_number(e, addr);
    struct sockaddr_un at;
    memcpy(&at, &e->at, sizeof(at));
    addr->kind = PQ_ADDR_UNIX;
    if (e->len > offsetof(struct sockaddr_un, sun_path))
        memcpy(addr->path, at.sun_path, PQ_ADDR_PATH_MAX);
    return PQ_STATUS_OK;
}

enum pq_status pq_addr_of_socket(int fd, struct pq_addr *addr)
{
    struct pq_endpoint e = {.len = sizeof(e.at)};
    if (getsockname(fd, (struct sockaddr *)&e.at, &e.len) != 0)
        return PQ_STATUS_NET;
    return endpoint_addr(&e, addr);
}

struct pq_addr_text pq_endpoint_text(const struct pq_endpoint *e)
{
    struct pq_addr addr;
    if (endpoint_addr(e, &addr) == PQ_STATUS_OK)
        return pq_addr_text(&addr);
    return (struct pq_addr_text){"an address without a name"};
}

bool pq_endpoint_is_loopback(const struct pq_endpoint *e)
{
    if (e->at.ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, &e->at, sizeof(in));
        return (ntohl(in.sin_addr.s_addr) >> 24) == 127;
    }
    if (e->at.ss_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, &e->at, sizeof(in6));
        const uint8_t *octets = in6.sin6_addr.s6_addr;
        return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr) ||
               (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr) && octets[12] == 127);
    }
    return e->at.ss_family == AF_UNIX;
}
