/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses of targets: text <-> value, and value -> socket addresses.
 *
 *   tcp://HOST:PORT       HOST is a name or an IPv4 address
 *   tcp://[V6]:PORT       an IPv6 address, with "%zone" if need be
 *   unix:/PATH            a stream socket in the file system
 */
#ifndef PQ_NET_ADDR_H
#define PQ_NET_ADDR_H

#include <sys/socket.h>
#include <sys/un.h>

#include "net/why.h"

/* RFC 1035 section 2.3.4: a domain name has at most 255 octets. */
#define PQ_ADDR_HOST_MAX 255u
/* What struct sockaddr_un of this system holds (Linux 107, BSD 103), without the NUL. */
#define PQ_ADDR_PATH_MAX (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)
/* The longest text of an address, its NUL not included. */
#define PQ_ADDR_TEXT_MAX (sizeof("tcp://[]:65535") - 1 + PQ_ADDR_HOST_MAX)

enum pq_addr_kind { PQ_ADDR_TCP, PQ_ADDR_UNIX };

struct pq_addr {
    enum pq_addr_kind kind;
    bool v6;                         /* the host was written in brackets */
    uint16_t port;                   /* zero: a listener takes any free port */
    char host[PQ_ADDR_HOST_MAX + 1]; /* without brackets; NUL-terminated */
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)]; /* NUL-terminated */
};

/* Reads an address and nothing else. ADDRESS: `*addr` is left alone and `*why` tells what is wrong.
 * `why` may be NULL. */
PQ_NODISCARD enum pq_status pq_addr_parse(struct pq_slice text, struct pq_addr *addr,
                                          struct pq_why *why);
/* Appends the text. NO_ROOM: nothing was appended. */
PQ_NODISCARD enum pq_status pq_addr_write(const struct pq_addr *addr, struct pq_buf *out);
/* The same as a C string, for sentences. */
struct pq_addr_text {
    char at[PQ_ADDR_TEXT_MAX + 1];
};
struct pq_addr_text pq_addr_text(const struct pq_addr *addr);

/* A name can have many socket addresses; more than these are not tried. */
#define PQ_ENDPOINTS_MAX 8u

struct pq_endpoint {
    struct sockaddr_storage at;
    socklen_t len;
};

struct pq_endpoints {
    struct pq_endpoint each[PQ_ENDPOINTS_MAX];
    size_t len;
    struct pq_addr addr; /* what they were made from */
};

/* Finds the socket addresses of `addr`, in the order in which they should be tried. A name asks the
 * system's resolver, which has its own patience and no deadline of ours: resolve once, connect many
 * times. ADDRESS: there are none. */
PQ_NODISCARD enum pq_status pq_addr_resolve(const struct pq_addr *addr, struct pq_endpoints *out,
                                            struct pq_why *why);
/* The address that the socket `fd` is bound to. NET: it has none that can be written. */
PQ_NODISCARD enum pq_status pq_addr_of_socket(int fd, struct pq_addr *addr);
/* 127.0.0.0/8, ::1, the former inside ::ffff:0:0/96, and any Unix socket. */
bool pq_endpoint_is_loopback(const struct pq_endpoint *e);
/* The same as pq_addr_text(), numeric: of several addresses of a name, the one meant. */
struct pq_addr_text pq_endpoint_text(const struct pq_endpoint *e);

#endif
