#ifndef SHOAL_CSYSTEM_H
#define SHOAL_CSYSTEM_H

// Linux calls and constants that Swift's Glibc module leaves out. Every function returns what the
// system call returns, or -errno where the call failed, so that errno need not cross the boundary.

#include <stddef.h>
#include <stdint.h>

/// One readiness report of shoal_epoll_wait.
struct shoal_event {
    uint64_t token;
    uint32_t events;
};

extern const uint32_t shoal_epollin;
extern const uint32_t shoal_epollout;
extern const uint32_t shoal_epollerr;
extern const uint32_t shoal_epollhup;

/// Has the allocator ask the system for every block of at least `bytes` and give it back when it is freed,
/// where it can be told so (glibc).
void shoal_give_back_blocks_from(int bytes);

/// Gives free memory that the allocator keeps back to the system, where that can be asked for (glibc).
void shoal_give_back_free_memory(void);

/// Processors that the scheduler lets this process run on.
int shoal_allowed_processors(void);

/// Has the calling thread wait for the disk behind all others, where the scheduler of its requests knows of that.
void shoal_yield_disk(void);

/// Tells the processor that this is a loop which waits for another thread.
static inline void shoal_spin_hint(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

/// Most events that one shoal_epoll_wait reports.
#define SHOAL_MAX_EVENTS 256

int shoal_epoll_create(void);
int shoal_epoll_add(int epoll, int fd, uint32_t events, uint64_t token);
int shoal_epoll_modify(int epoll, int fd, uint32_t events, uint64_t token);

/// Waits up to `timeout_ms` (-1: for ever) and writes at most min(capacity, SHOAL_MAX_EVENTS)
/// events; an interrupted wait reports none.
int shoal_epoll_wait(int epoll, struct shoal_event *events, int capacity, int timeout_ms);

int shoal_eventfd_create(void);
int shoal_eventfd_signal(int fd);
int shoal_eventfd_clear(int fd);

/// Accepts one connection, non-blocking and close-on-exec, and writes the peer's numeric address
/// (at least 46 bytes of room) into `address`: an IPv4 address as such on an IPv6 socket, too; empty
/// where the family has none.
int shoal_accept(int listener, char *address, size_t capacity);

/// Whether something can be read, or accepted, at once.
int shoal_is_readable(int fd);

/// Opens a non-blocking listener on the first usable address of `host` and `port`. A failed name
/// look-up is reported as -10000 + the EAI code (which is negative).
int shoal_listen(const char *host, uint16_t port, int backlog);

/// Connects to the first address of `host` and `port` that answers, and waits for it. Failures are as
/// those of shoal_listen.
int shoal_connect(const char *host, uint16_t port);

/// Opens a non-blocking listener on a path, which gets these permissions. A socket file on which nobody
/// listens is replaced; -EADDRINUSE where somebody does, -EEXIST for a file of another kind.
int shoal_listen_unix(const char *path, uint32_t mode, int backlog);

/// Connects to a listener on a path.
int shoal_connect_unix(const char *path);

/// Makes a descriptor of another process's making ours: non-blocking, close-on-exec. -ENOTSOCK or -EINVAL
/// where it is no listening stream socket.
int shoal_adopt_listener(int fd);

/// Writes the numeric address and the port that `fd` is bound to; of a Unix socket "unix:" and its path.
int shoal_bound_address(int fd, char *address, size_t capacity, uint16_t *port);

int shoal_set_no_delay(int fd);
int shoal_shutdown_write(int fd);
int shoal_close(int fd);
ptrdiff_t shoal_receive(int fd, void *buffer, size_t count);
ptrdiff_t shoal_send(int fd, const void *bytes, size_t count);

/// Lets two entries of a directory change places in one step; where the file system cannot, `to` is away for
/// a moment.
int shoal_exchange(int directory, const char *from, const char *to);

/// Moves an entry to another directory, unless its name is taken there (-EEXIST).
int shoal_move(int from, int to, const char *name);

#endif
