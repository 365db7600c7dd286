/* LD_PRELOAD shim: what a process does to the files under INTERRUPT_UNDER is counted, step by step ("mkdir PATH", "create PATH", "write PATH", "sync PATH", "move PATH", "link PATH",
   "unlink PATH", "rmdir PATH"; of a move the new name), and written to INTERRUPT_LOG if that is given. Of the steps that contain INTERRUPT_STEP (all without it) the one of number INTERRUPT_AT
   is not done any more: with INTERRUPT_WITH=kill the process is killed (SIGKILL) before it, with INTERRUPT_WITH=full the disk is full from it on (ENOSPC).
   Build: gcc -shared -fPIC -O2 -o interrupt.so interrupt.c -ldl */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static atomic_long steps;
static atomic_int full;

/* Whether the step is refused: the disk is full. */
static int step(const char *what, const char *path, int grows)
{
    const char *under = getenv("INTERRUPT_UNDER"), *log = getenv("INTERRUPT_LOG"), *only = getenv("INTERRUPT_STEP"), *at = getenv("INTERRUPT_AT"), *with = getenv("INTERRUPT_WITH");
    size_t length = under ? strlen(under) : 0;
    if (!length || strncmp(path, under, length) != 0 || (path[length] != '/' && path[length] != 0)) {
        return 0;
    }

    char line[4200];
    int size = snprintf(line, sizeof line, "%s %s\n", what, path + length);
    if (log) {
        int fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        syscall(SYS_write, fd, line, (size_t)size);
        syscall(SYS_close, fd);
    }

    if (at && with && (!only || strstr(line, only)) && atomic_fetch_add(&steps, 1) + 1 == atol(at)) {
        if (strcmp(with, "kill") == 0) {
            syscall(SYS_kill, getpid(), SIGKILL);
            for (;;) pause();
        }

        atomic_store(&full, 1);
    }

    if (grows && atomic_load(&full)) {
        errno = ENOSPC;
        return 1;
    }

    return 0;
}

static int step_of(const char *what, int fd, int grows)
{
    char link[64], path[4096];
    struct stat status;
    if (!getenv("INTERRUPT_UNDER") || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        return 0;
    }

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) {
        return 0;
    }

    path[length] = 0;
    return step(what, path, grows);
}

#define OPEN(name) \
int name(const char *path, int flags, ...) \
{ \
    va_list rest; va_start(rest, flags); mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0; va_end(rest); \
    return (flags & O_CREAT) && access(path, F_OK) != 0 && step("create", path, 1) ? -1 : REAL(name)(path, flags, mode); \
}
OPEN(open)
OPEN(open64)

ssize_t write(int fd, const void *data, size_t count) { return step_of("write", fd, 1) ? -1 : REAL(write)(fd, data, count); }
ssize_t pwrite(int fd, const void *data, size_t count, off_t at) { return step_of("write", fd, 1) ? -1 : REAL(pwrite)(fd, data, count, at); }
ssize_t pwrite64(int fd, const void *data, size_t count, off64_t at) { return step_of("write", fd, 1) ? -1 : REAL(pwrite64)(fd, data, count, at); }
int fsync(int fd) { return step_of("sync", fd, 0) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return step_of("sync", fd, 0) ? -1 : REAL(fdatasync)(fd); }
int mkdir(const char *path, mode_t mode) { return step("mkdir", path, 1) ? -1 : REAL(mkdir)(path, mode); }
int rmdir(const char *path) { return step("rmdir", path, 0) ? -1 : REAL(rmdir)(path); }
int unlink(const char *path) { return step("unlink", path, 0) ? -1 : REAL(unlink)(path); }
int rename(const char *from, const char *to) { return step("move", to, 0) ? -1 : REAL(rename)(from, to); }
int link(const char *from, const char *to) { return step("link", to, 0) ? -1 : REAL(link)(from, to); }
