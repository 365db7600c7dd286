/* LD_PRELOAD shim: while the file named by NOSPACE_FLAG exists, no regular file takes another octet (ENOSPC); with NOSPACE_UNDER none below that folder.
   Build: gcc -shared -fPIC -O2 -o nospace.so nospace.c -ldl */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int refused(int fd)
{
    const char *flag = getenv("NOSPACE_FLAG");
    struct stat status;
    if (!flag || access(flag, F_OK) != 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        return 0;
    }

    const char *under = getenv("NOSPACE_UNDER");
    if (under) {
        char link[64], path[4096];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, path, sizeof path - 1);
        if (length <= 0 || (path[length] = 0, strncmp(path, under, strlen(under)) != 0)) {
            return 0;
        }
    }

    errno = ENOSPC;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t count) { return refused(fd) ? -1 : REAL(write)(fd, data, count); }
ssize_t pwrite(int fd, const void *data, size_t count, off_t at) { return refused(fd) ? -1 : REAL(pwrite)(fd, data, count, at); }
ssize_t pwrite64(int fd, const void *data, size_t count, off64_t at) { return refused(fd) ? -1 : REAL(pwrite64)(fd, data, count, at); }
ssize_t writev(int fd, const struct iovec *parts, int count) { return refused(fd) ? -1 : REAL(writev)(fd, parts, count); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return refused(fd) ? -1 : REAL(pwritev)(fd, parts, count, at); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) { return refused(fd) ? -1 : REAL(pwritev64)(fd, parts, count, at); }
int fallocate(int fd, int mode, off_t at, off_t length) { return refused(fd) ? -1 : REAL(fallocate)(fd, mode, at, length); }
int posix_fallocate(int fd, off_t at, off_t length) { return refused(fd) ? ENOSPC : REAL(posix_fallocate)(fd, at, length); }
int posix_fallocate64(int fd, off64_t at, off64_t length) { return refused(fd) ? ENOSPC : REAL(posix_fallocate64)(fd, at, length); }
