#define _GNU_SOURCE
#include "CSystem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

void shoal_give_back_blocks_from(int bytes) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, bytes);
#else
    (void)bytes;
#endif
}

void shoal_give_back_free_memory(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

void shoal_yield_disk(void) {
    // ioprio_set(IOPRIO_WHO_PROCESS, this thread, IOPRIO_CLASS_IDLE), which the C library has no names for.
    syscall(SYS_ioprio_set, 1, 0, 3 << 13);
}

int shoal_allowed_processors(void) {
    // 16,384 processors: the kernel refuses a mask with fewer than it knows of.
    cpu_set_t mask[16];
    memset(mask, 0, sizeof mask);
    if (sched_getaffinity(0, sizeof mask, mask) != 0) return -errno;
    return CPU_COUNT_S(sizeof mask, mask);
}

const uint32_t shoal_epollin = EPOLLIN;
const uint32_t shoal_epollout = EPOLLOUT;
const uint32_t shoal_epollerr = EPOLLERR;
const uint32_t shoal_epollhup = EPOLLHUP;

static int result(int value) { return value < 0 ? -errno : value; }

int shoal_epoll_create(void) { return result(epoll_create1(EPOLL_CLOEXEC)); }

static int control(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return result(epoll_ctl(epoll, operation, fd, &event));
}

int shoal_epoll_add(int epoll, int fd, uint32_t events, uint64_t token) {
    return control(epoll, EPOLL_CTL_ADD, fd, events, token);
}

int shoal_epoll_modify(int epoll, int fd, uint32_t events, uint64_t token) {
    return control(epoll, EPOLL_CTL_MOD, fd, events, token);
}

int shoal_epoll_wait(int epoll, struct shoal_event *events, int capacity, int timeout_ms) {
    struct epoll_event ready[SHOAL_MAX_EVENTS];
    int most = capacity < SHOAL_MAX_EVENTS ? capacity : SHOAL_MAX_EVENTS;
    int count = epoll_wait(epoll, ready, most, timeout_ms);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) {
        events[i].token = ready[i].data.u64;
        events[i].events = ready[i].events;
    }
    return count;
}

int shoal_eventfd_create(void) { return result(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)); }

int shoal_eventfd_signal(int fd) {
    uint64_t one = 1;
    return result((int)write(fd, &one, sizeof one));
}

int shoal_eventfd_clear(int fd) {
    uint64_t count;
    return result((int)read(fd, &count, sizeof count));
}

static uint16_t describe(const struct sockaddr_storage *from, char *address, size_t capacity) {
    if (capacity == 0) return 0;
    address[0] = 0;
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
        inet_ntop(AF_INET, &v4->sin_addr, address, (socklen_t)capacity);
        return ntohs(v4->sin_port);
    }
    if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
        // A client of IPv4 on a socket of both families (RFC 4291 §2.5.5.2).
        if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
            inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], address, (socklen_t)capacity);
        else
            inet_ntop(AF_INET6, &v6->sin6_addr, address, (socklen_t)capacity);
        return ntohs(v6->sin6_port);
    }
    return 0;
}

int shoal_accept(int listener, char *address, size_t capacity) {
    struct sockaddr_storage from;
    socklen_t size = sizeof from;
    memset(&from, 0, sizeof from);
    int fd;
    do {
        fd = accept4(listener, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) return -errno;
    describe(&from, address, capacity);
    return fd;
}

int shoal_is_readable(int fd) {
    struct pollfd place = {.fd = fd, .events = POLLIN};
    return poll(&place, 1, 0) > 0;
}

static int listen_on(const struct addrinfo *info, int backlog) {
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int on = 1, off = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // "::" serves IPv4 too, whatever the machine's bindv6only says.
    if (info->ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, backlog) < 0) {
        int failure = -errno;
        close(fd);
        return failure;
    }
    return fd;
}

/// Opens the first address of `host` and `port` for which `attempt` gives a descriptor; else what shoal_listen reports.
static int open_first(
    const char *host, uint16_t port, int flags, int (*attempt)(const struct addrinfo *, int), int argument) {
    char service[8];
    snprintf(service, sizeof service, "%u", (unsigned)port);
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int failure = getaddrinfo(host, service, &hints, &found);
    if (failure != 0) return -10000 + failure;
    int fd = -EADDRNOTAVAIL;
    for (const struct addrinfo *info = found; info != NULL && fd < 0; info = info->ai_next)
        fd = attempt(info, argument);
    freeaddrinfo(found);
    return fd;
}

int shoal_listen(const char *host, uint16_t port, int backlog) {
    return open_first(host, port, AI_PASSIVE, listen_on, backlog);
}

static int connect_to(const struct addrinfo *info, int unused) {
    (void)unused;
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC, info->ai_protocol);
    if (fd < 0) return -errno;
    if (connect(fd, info->ai_addr, info->ai_addrlen) == 0) return fd;
    int failure = -errno;
    close(fd);
    return failure;
}

int shoal_connect(const char *host, uint16_t port) { return open_first(host, port, 0, connect_to, 0); }

/// The address of a path; its size, or -ENAMETOOLONG.
static int unix_address(const char *path, struct sockaddr_un *address) {
    size_t length = strlen(path);
    if (length >= sizeof address->sun_path) return -ENAMETOOLONG;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length);
    return (int)sizeof *address;
}

/// Removes a socket file that nobody listens on; -EADDRINUSE where somebody does, -EEXIST for another file.
static int remove_stale(const struct sockaddr_un *address, socklen_t size) {
    struct stat status;
    if (lstat(address->sun_path, &status) < 0) return -errno;
    if (!S_ISSOCK(status.st_mode)) return -EEXIST;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int answer = connect(fd, (const struct sockaddr *)address, size) < 0 ? errno : 0;
    close(fd);
    // A full queue is an answer, too (EAGAIN).
    if (answer != ECONNREFUSED) return answer == 0 || answer == EAGAIN ? -EADDRINUSE : -answer;
    return result(unlink(address->sun_path));
}

int shoal_listen_unix(const char *path, uint32_t mode, int backlog) {
    struct sockaddr_un address;
    int size = unix_address(path, &address);
    if (size < 0) return size;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    const struct sockaddr *place = (const struct sockaddr *)&address;
    int failure = bind(fd, place, (socklen_t)size) < 0 ? -errno : 0;
    if (failure == -EADDRINUSE) {
        failure = remove_stale(&address, (socklen_t)size);
        if (failure == 0 && bind(fd, place, (socklen_t)size) < 0) failure = -errno;
    }
    // Nobody can connect before listen, so nobody does with the permissions of before.
    if (failure == 0 && (chmod(path, (mode_t)mode) < 0 || listen(fd, backlog) < 0)) {
        failure = -errno;
        unlink(path);
    }
    if (failure == 0) return fd;
    close(fd);
    return failure;
}

int shoal_connect_unix(const char *path) {
    struct sockaddr_un address;
    int size = unix_address(path, &address);
    if (size < 0) return size;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (connect(fd, (const struct sockaddr *)&address, (socklen_t)size) == 0) return fd;
    int failure = -errno;
    close(fd);
    return failure;
}

int shoal_adopt_listener(int fd) {
    int type = 0, accepts = 0;
    socklen_t size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0) return -errno;
    size = sizeof accepts;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) < 0) return -errno;
    if (type != SOCK_STREAM || !accepts) return -EINVAL;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return -errno;
    return result(fcntl(fd, F_SETFD, FD_CLOEXEC));
}

int shoal_bound_address(int fd, char *address, size_t capacity, uint16_t *port) {
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    memset(&bound, 0, sizeof bound);
    if (getsockname(fd, (struct sockaddr *)&bound, &size) < 0) return -errno;
    if (bound.ss_family != AF_UNIX) {
        *port = describe(&bound, address, capacity);
        return 0;
    }
    const struct sockaddr_un *place = (const struct sockaddr_un *)&bound;
    *port = 0;
    // The path may fill its field and then has no terminator.
    int length = (int)(size - offsetof(struct sockaddr_un, sun_path));
    snprintf(address, capacity, "unix:%.*s", length > 0 ? length : 0, place->sun_path);
    return 0;
}

int shoal_set_no_delay(int fd) {
    int on = 1;
    return result(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}

int shoal_shutdown_write(int fd) { return result(shutdown(fd, SHUT_WR)); }

int shoal_close(int fd) { return result(close(fd)); }

ptrdiff_t shoal_receive(int fd, void *buffer, size_t count) {
    ptrdiff_t received;
    do received = recv(fd, buffer, count, 0);
    while (received < 0 && errno == EINTR);
    return received < 0 ? -errno : received;
}

ptrdiff_t shoal_send(int fd, const void *bytes, size_t count) {
    ptrdiff_t sent;
    do sent = send(fd, bytes, count, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

int shoal_exchange(int directory, const char *from, const char *to) {
    if (renameat2(directory, from, directory, to, RENAME_EXCHANGE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -errno;
    char aside[300];
    if (snprintf(aside, sizeof aside, "%s.old", from) >= (int)sizeof aside) return -ENAMETOOLONG;
    if (renameat(directory, to, directory, aside) != 0) return -errno;
    if (renameat(directory, from, directory, to) == 0)
        return result(renameat(directory, aside, directory, from));
    int code = -errno;
    renameat(directory, aside, directory, to);
    return code;
}

int shoal_move(int from, int to, const char *name) {
    if (renameat2(from, name, to, name, RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -errno;
    struct stat status;
    if (fstatat(to, name, &status, AT_SYMLINK_NOFOLLOW) == 0) return -EEXIST;
    return result(renameat(from, name, to, name));
}
