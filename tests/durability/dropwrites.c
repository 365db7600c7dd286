/*
 * dropwrites: a power failure for one process, by LD_PRELOAD.
 *
 * kill -9 ends a process but keeps the page cache: every write survives, flushed or not. This library keeps a second copy of a folder,
 * the mirror, that holds only what a disk would hold: a file's octets enter it when the file is flushed (fsync, fdatasync, O_SYNC),
 * names enter it with the next flush of anything (as the journals of ext4, xfs and btrfs do it). After kill -9 put the mirror in the
 * folder's place: everything since the last flush is gone. README.md beside this file says how tests use it.
 *
 *   DROPWRITES_DIR     the folder to watch, absolute, without symbolic links; it and the mirror must have equal content at the start
 *   DROPWRITES_MIRROR  the mirror, absolute, not inside DROPWRITES_DIR
 *
 * The process itself works on the real files and sees its own writes. What is not modelled: a write-back that the kernel begins by itself
 * (a real disk may hold more than the mirror, never less; the tests' PowerLoss.Strike can add some of it at random).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BLOCK 4096
#define BUCKETS 4096

/* One file of the watched folder, found again by its inode: renames and links do not matter to its content. */
struct file {
    dev_t dev;
    ino_t ino;
    char *name;              /* its name, relative to the folder and to the mirror */
    unsigned char *dirty;    /* a bit a block: written since the last flush */
    size_t blocks;
    bool whole;              /* something wrote it in a way that is not followed block by block */
    struct file *next;
};

/* A change of names that no flush has made durable yet. */
struct change {
    enum { CREATE, RENAME, UNLINK, MKDIR, RMDIR, LINK, SYMLINK } kind;
    char *from;
    char *to;
    mode_t mode;
    struct change *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* A handler that writes (the runtime's, of SIGCHLD) must not run on a thread that holds the lock: it would wait for itself. */
static __thread sigset_t before_hold;

static void hold(void)
{
    sigset_t every;
    sigfillset(&every);
    pthread_sigmask(SIG_BLOCK, &every, &before_hold);
    pthread_mutex_lock(&lock);
}

static void release(void)
{
    sigset_t before = before_hold;
    pthread_mutex_unlock(&lock);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}
static struct file *files[BUCKETS];
static struct change *changes, **last_change = &changes;
static char dir[PATH_MAX], mirror[PATH_MAX];
static size_t dir_length;
static bool watching;

#define REAL(type, name, ...) \
    static type (*real_##name)(__VA_ARGS__); \
    if (!real_##name) real_##name = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static void fail(const char *what, const char *name) {
    char text[PATH_MAX + 128];
    int n = snprintf(text, sizeof text, "dropwrites: %s: %s: %s\n", what, name ? name : "", strerror(errno));
    if (n > 0 && syscall(SYS_write, 2, text, (size_t)n) < 0) { }
    abort(); /* a shim that is wrong must not look like a store that is right */
}

__attribute__((constructor)) static void start(void) {
    const char *d = getenv("DROPWRITES_DIR"), *m = getenv("DROPWRITES_MIRROR");
    if (!d || !m || !*d || !*m) return;
    if (!realpath(d, dir)) fail("DROPWRITES_DIR", d);
    if (!realpath(m, mirror)) fail("DROPWRITES_MIRROR", m);
    dir_length = strlen(dir);
    watching = true;
}

/* ---- names ---------------------------------------------------------------------------------------------------------------------------- */

/* SQLite's shared index is a cache of the write-ahead log, made anew after a crash; it never reaches a disk on purpose. */
static bool is_scratch(const char *name) {
    size_t n = strlen(name);
    return n > 4 && !strcmp(name + n - 4, "-shm");
}

/* The name relative to the folder, malloc'ed; NULL when it is elsewhere. The last part need not exist. */
static char *inside(int at, const char *path) {
    char whole[PATH_MAX], parent[PATH_MAX], resolved[PATH_MAX];
    if (!watching || !path || !*path) return NULL;
    if (path[0] == '/') {
        if (snprintf(whole, sizeof whole, "%s", path) >= (int)sizeof whole) return NULL;
    } else if (at == AT_FDCWD) {
        char cwd[PATH_MAX];
        if (!getcwd(cwd, sizeof cwd) || snprintf(whole, sizeof whole, "%s/%s", cwd, path) >= (int)sizeof whole) return NULL;
    } else {
        char link[64], base[PATH_MAX];
        snprintf(link, sizeof link, "/proc/self/fd/%d", at);
        ssize_t n = readlink(link, base, sizeof base - 1);
        if (n < 0) return NULL;
        base[n] = 0;
        if (snprintf(whole, sizeof whole, "%s/%s", base, path) >= (int)sizeof whole) return NULL;
    }
    size_t n = strlen(whole);
    while (n > 1 && whole[n - 1] == '/') whole[--n] = 0;
    char *slash = strrchr(whole, '/');
    if (!slash) return NULL;
    snprintf(parent, sizeof parent, "%.*s", slash == whole ? 1 : (int)(slash - whole), whole);
    int saved = errno;
    bool found = realpath(parent, resolved) != NULL;
    errno = saved;
    if (!found || strncmp(resolved, dir, dir_length) || (resolved[dir_length] && resolved[dir_length] != '/')) return NULL;
    char *name;
    if (asprintf(&name, "%s%s%s", resolved[dir_length] ? resolved + dir_length + 1 : "", resolved[dir_length] ? "/" : "", slash + 1) < 0) fail("memory", path);
    if (is_scratch(name)) { free(name); return NULL; }
    return name;
}

static void in_mirror(char *whole, const char *name) {
    if (snprintf(whole, PATH_MAX, "%s/%s", mirror, name) >= PATH_MAX) fail("name too long", name);
}

/* ---- files ---------------------------------------------------------------------------------------------------------------------------- */

static struct file *find(int fd) {
    struct stat s;
    if (!watching || fstat(fd, &s) || !S_ISREG(s.st_mode)) return NULL;
    for (struct file *f = files[s.st_ino % BUCKETS]; f; f = f->next)
        if (f->ino == s.st_ino && f->dev == s.st_dev) return f;
    return NULL;
}

static struct file *by_name(const char *name) {
    for (size_t b = 0; b < BUCKETS; b++)
        for (struct file *f = files[b]; f; f = f->next)
            if (!strcmp(f->name, name)) return f;
    return NULL;
}

/* Its last name is gone, or its number belongs to another file now: nothing of it can reach the disk any more. */
static void forget_inode(ino_t ino, dev_t dev) {
    for (struct file **p = &files[ino % BUCKETS]; *p; p = &(*p)->next)
        if ((*p)->ino == ino && (*p)->dev == dev) {
            struct file *f = *p;
            *p = f->next;
            free(f->name); free(f->dirty); free(f);
            return;
        }
}

static void mark(struct file *f, uint64_t from, uint64_t length) {
    if (!length || f->whole) return;
    size_t first = from / BLOCK, last = (from + length - 1) / BLOCK;
    if (last >= f->blocks) {
        size_t blocks = last * 2 + 64;
        unsigned char *dirty = realloc(f->dirty, (blocks + 7) / 8);
        if (!dirty) fail("memory", f->name);
        memset(dirty + (f->blocks + 7) / 8, 0, (blocks + 7) / 8 - (f->blocks + 7) / 8);
        f->dirty = dirty;
        f->blocks = blocks;
    }
    for (size_t b = first; b <= last; b++) f->dirty[b / 8] |= (unsigned char)(1u << (b % 8));
}

static void add_change(int kind, char *from, char *to, mode_t mode) {
    struct change *c = calloc(1, sizeof *c);
    if (!c) fail("memory", from);
    c->kind = kind; c->from = from; c->to = to; c->mode = mode;
    *last_change = c;
    last_change = &c->next;
}

/* Called with the lock held and the descriptor open. */
static void opened(int fd, char *name, int flags, bool created, mode_t mode) {
    struct stat s;
    if (fstat(fd, &s) || !S_ISREG(s.st_mode)) { free(name); return; }
    if (created) {
        forget_inode(s.st_ino, s.st_dev);           /* an inode number used again */
        add_change(CREATE, strdup(name), NULL, mode);
    }
    struct file *f = find(fd);
    if (!f) {
        f = calloc(1, sizeof *f);
        if (!f) fail("memory", name);
        f->dev = s.st_dev; f->ino = s.st_ino; f->name = strdup(name);
        f->next = files[s.st_ino % BUCKETS];
        files[s.st_ino % BUCKETS] = f;
    }
    if (strcmp(f->name, name)) {                    /* moved by another process, or another file by now */
        free(f->name);
        f->name = strdup(name);
        f->whole = true;
    }
    if (flags & O_TRUNC) f->whole = true;           /* what was cut off must not shine through a later, longer file */
    free(name);
}

/* ---- the flush ------------------------------------------------------------------------------------------------------------------------ */

static void names_durable(void) {
    REAL(int, rename, const char *, const char *);
    REAL(int, unlink, const char *);
    REAL(int, mkdir, const char *, mode_t);
    REAL(int, rmdir, const char *);
    REAL(int, link, const char *, const char *);
    REAL(int, symlink, const char *, const char *);
    REAL(int, open, const char *, int, ...);
    while (changes) {
        struct change *c = changes;
        char a[PATH_MAX], b[PATH_MAX];
        int result = 0;
        if (c->kind == SYMLINK) snprintf(a, sizeof a, "%s", c->from); else in_mirror(a, c->from);
        if (c->to) in_mirror(b, c->to);
        switch (c->kind) {
            case CREATE: {
                int fd = real_open(a, O_CREAT | O_WRONLY | O_CLOEXEC, c->mode);
                result = fd < 0 ? -1 : close(fd);
                break;
            }
            case RENAME: result = real_rename(a, b); break;
            case UNLINK: result = real_unlink(a); break;
            case MKDIR: result = real_mkdir(a, c->mode); break;
            case RMDIR: result = real_rmdir(a); break;
            case LINK: result = real_link(a, b); break;
            case SYMLINK: result = real_symlink(a, b); break;
        }
        if (result && errno != ENOENT && errno != EEXIST) fail("mirror", a);
        changes = c->next;
        if (!changes) last_change = &changes;
        free(c->from); free(c->to); free(c);
    }
}

static void copy_block(int from, int to, uint64_t offset, const char *name) {
    REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
    char block[BLOCK];
    ssize_t n = pread64(from, block, sizeof block, (off64_t)offset);
    if (n < 0 || (n > 0 && real_pwrite64(to, block, (size_t)n, (off64_t)offset) != n)) fail("copy", name);
}

/* Octets of one file and all names so far reach the mirror. fd may be open for writing only: read through another descriptor. */
static void durable(int fd) {
    REAL(int, open, const char *, int, ...);
    REAL(int, ftruncate64, int, off64_t);
    struct stat s;
    if (!watching || fstat(fd, &s)) return;
    if (S_ISDIR(s.st_mode)) { names_durable(); return; }
    struct file *f = find(fd);
    if (!f) return;
    names_durable();
    char self[64], target[PATH_MAX];
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    in_mirror(target, f->name);
    int from = real_open(self, O_RDONLY | O_CLOEXEC), to = real_open(target, O_WRONLY | O_CREAT | O_CLOEXEC, s.st_mode & 07777);
    if (from < 0 || to < 0) fail("flush", f->name);
    size_t blocks = ((size_t)s.st_size + BLOCK - 1) / BLOCK;
    if (real_ftruncate64(to, s.st_size)) fail("flush", f->name);
    for (size_t b = 0; b < blocks; b++)
        if (f->whole || (b < f->blocks && (f->dirty[b / 8] & (1u << (b % 8))))) copy_block(from, to, (uint64_t)b * BLOCK, f->name);
    if (f->dirty) memset(f->dirty, 0, (f->blocks + 7) / 8);
    f->whole = false;
    close(from);
    close(to);
}

static int flushed(int fd) {
    hold();
    int saved = errno;
    durable(fd);
    errno = saved;
    release();
    return 0;
}

/* Watched files need no flush of the real one: only the mirror counts, and it is for a dead process only, not for a dead machine. */
static bool is_watched(int fd) {
    struct stat s;
    if (!watching || fstat(fd, &s)) return false;
    if (S_ISREG(s.st_mode)) {
        hold();
        bool found = find(fd) != NULL;
        release();
        return found;
    }
    if (!S_ISDIR(s.st_mode)) return false;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return false;
    path[n] = 0;
    return !strncmp(path, dir, dir_length) && (!path[dir_length] || path[dir_length] == '/');
}

int fsync(int fd) { REAL(int, fsync, int); return is_watched(fd) ? flushed(fd) : real_fsync(fd); }
int fdatasync(int fd) { REAL(int, fdatasync, int); return is_watched(fd) ? flushed(fd) : real_fdatasync(fd); }
int syncfs(int fd) { if (watching) fail("syncfs is not modelled", NULL); REAL(int, syncfs, int); return real_syncfs(fd); }
void sync(void) { if (watching) fail("sync is not modelled", NULL); REAL(void, sync, void); real_sync(); }

/* ---- open ----------------------------------------------------------------------------------------------------------------------------- */

static int open_watched(int (*opener)(int, const char *, int, mode_t), int at, const char *path, int flags, mode_t mode) {
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    char *name = writes && !(flags & O_DIRECTORY) ? inside(at, path) : NULL;
    if (!name) return opener(at, path, flags, mode);
    if ((flags & O_TMPFILE) == O_TMPFILE) { free(name); return opener(at, path, flags, mode); }
    if (flags & (O_SYNC | O_DSYNC)) fail("O_SYNC is not modelled", path);
    hold();
    struct stat before;
    int saved = errno;
    bool existed = !fstatat(at, path, &before, 0);
    errno = saved;
    int fd = opener(at, path, flags, mode);
    if (fd >= 0) {
        saved = errno;
        opened(fd, name, flags, !existed, mode ? mode : 0600);
        errno = saved;
    } else free(name);
    release();
    return fd;
}

static int plain_open(int at, const char *path, int flags, mode_t mode) { REAL(int, openat64, int, const char *, int, ...); return real_openat64(at, path, flags, mode); }

#define MODE(flags, after) mode_t mode = 0; if ((flags) & (O_CREAT | O_TMPFILE)) { va_list a; va_start(a, after); mode = va_arg(a, mode_t); va_end(a); }

int open(const char *path, int flags, ...) { MODE(flags, flags) return open_watched(plain_open, AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags, flags) return open_watched(plain_open, AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags, flags) return open_watched(plain_open, at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags, flags) return open_watched(plain_open, at, path, flags, mode); }
int creat(const char *path, mode_t mode) { return open_watched(plain_open, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }
int __open_2(const char *path, int flags) { return open_watched(plain_open, AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_watched(plain_open, AT_FDCWD, path, flags, 0); }

/* stdio opens inside libc, where it cannot be followed: the file is taken whole at its next flush. */
static FILE *stream_opened(FILE *stream, const char *path, const char *mode, bool existed) {
    char *name = stream && strpbrk(mode, "wa+") ? inside(AT_FDCWD, path) : NULL;
    if (name) {
        hold();
        opened(fileno(stream), name, 0, !existed, 0666);
        struct file *f = find(fileno(stream));
        if (f) f->whole = true;
        release();
    }
    return stream;
}

FILE *fopen(const char *path, const char *mode) {
    REAL(FILE *, fopen, const char *, const char *);
    struct stat s;
    bool existed = watching && !stat(path, &s);
    return stream_opened(real_fopen(path, mode), path, mode, existed);
}

FILE *fopen64(const char *path, const char *mode) {
    REAL(FILE *, fopen64, const char *, const char *);
    struct stat s;
    bool existed = watching && !stat(path, &s);
    return stream_opened(real_fopen64(path, mode), path, mode, existed);
}

/* ---- writes --------------------------------------------------------------------------------------------------------------------------- */

/* Marked before the write and while the lock is held, so that a flush in another thread cannot fall between write and mark. */
#define WRITTEN(fd, from, length, call) do { \
    if (!watching) return call; \
    hold(); \
    struct file *f = find(fd); \
    uint64_t at_ = f ? (uint64_t)(from) : 0; \
    ssize_t n_ = call; \
    if (f && n_ > 0) mark(f, at_, (uint64_t)n_); \
    release(); \
    return n_; } while (0)

static off64_t position(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && flags & O_APPEND ? lseek64(fd, 0, SEEK_END) : lseek64(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *data, size_t n) { REAL(ssize_t, write, int, const void *, size_t); WRITTEN(fd, position(fd), n, real_write(fd, data, n)); }
ssize_t writev(int fd, const struct iovec *v, int n) { REAL(ssize_t, writev, int, const struct iovec *, int); WRITTEN(fd, position(fd), n, real_writev(fd, v, n)); }
ssize_t pwrite(int fd, const void *data, size_t n, off_t o) { REAL(ssize_t, pwrite, int, const void *, size_t, off_t); WRITTEN(fd, o, n, real_pwrite(fd, data, n, o)); }
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t o) { REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t); WRITTEN(fd, o, n, real_pwrite64(fd, data, n, o)); }
ssize_t pwritev(int fd, const struct iovec *v, int n, off_t o) { REAL(ssize_t, pwritev, int, const struct iovec *, int, off_t); WRITTEN(fd, o, n, real_pwritev(fd, v, n, o)); }
ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t o) { REAL(ssize_t, pwritev64, int, const struct iovec *, int, off64_t); WRITTEN(fd, o, n, real_pwritev64(fd, v, n, o)); }

static void wholly(int fd) {
    if (!watching) return;
    hold();
    struct file *f = find(fd);
    if (f) f->whole = true;
    release();
}

/* A size is durable with the next flush, which takes it from the file; what a shorter size cut off comes back as zeros, so it is dirty. */
int ftruncate(int fd, off_t n) { REAL(int, ftruncate, int, off_t); wholly(fd); return real_ftruncate(fd, n); }
int ftruncate64(int fd, off64_t n) { REAL(int, ftruncate64, int, off64_t); wholly(fd); return real_ftruncate64(fd, n); }
int posix_fallocate(int fd, off_t o, off_t n) { REAL(int, posix_fallocate, int, off_t, off_t); wholly(fd); return real_posix_fallocate(fd, o, n); }
int posix_fallocate64(int fd, off64_t o, off64_t n) { REAL(int, posix_fallocate64, int, off64_t, off64_t); wholly(fd); return real_posix_fallocate64(fd, o, n); }
int fallocate(int fd, int m, off_t o, off_t n) { REAL(int, fallocate, int, int, off_t, off_t); wholly(fd); return real_fallocate(fd, m, o, n); }
int fallocate64(int fd, int m, off64_t o, off64_t n) { REAL(int, fallocate64, int, int, off64_t, off64_t); wholly(fd); return real_fallocate64(fd, m, o, n); }
ssize_t copy_file_range(int a, off64_t *x, int fd, off64_t *y, size_t n, unsigned u) { REAL(ssize_t, copy_file_range, int, off64_t *, int, off64_t *, size_t, unsigned); wholly(fd); return real_copy_file_range(a, x, fd, y, n, u); }
ssize_t sendfile(int fd, int from, off_t *o, size_t n) { REAL(ssize_t, sendfile, int, int, off_t *, size_t); wholly(fd); return real_sendfile(fd, from, o, n); }
ssize_t sendfile64(int fd, int from, off64_t *o, size_t n) { REAL(ssize_t, sendfile64, int, int, off64_t *, size_t); wholly(fd); return real_sendfile64(fd, from, o, n); }

int truncate(const char *path, off_t n) {
    REAL(int, truncate, const char *, off_t);
    char *name = inside(AT_FDCWD, path);
    if (name) {
        hold();
        struct file *f = by_name(name);
        if (f) f->whole = true;
        release();
        free(name);
    }
    return real_truncate(path, n);
}

/* FICLONE and FICLONERANGE: File.Copy of .NET. */
int ioctl(int fd, unsigned long request, ...) {
    REAL(int, ioctl, int, unsigned long, ...);
    va_list a;
    va_start(a, request);
    void *argument = va_arg(a, void *);
    va_end(a);
    if (request == 0x40049409 || request == 0x4020940d) wholly(fd);
    return real_ioctl(fd, request, argument);
}

/* Writes through shared memory cannot be followed; refusing beats missing them. Only scratch files are mapped so. */
static void refuse_shared(int prot, int flags, int fd) {
    if (watching && fd >= 0 && (flags & MAP_TYPE) != MAP_PRIVATE && prot & PROT_WRITE) {
        hold();
        struct file *f = find(fd);
        if (f) fail("a shared writable mapping is not modelled", f->name);
        release();
    }
}

void *mmap(void *a, size_t n, int p, int f, int fd, off_t o) { REAL(void *, mmap, void *, size_t, int, int, int, off_t); refuse_shared(p, f, fd); return real_mmap(a, n, p, f, fd, o); }
void *mmap64(void *a, size_t n, int p, int f, int fd, off64_t o) { REAL(void *, mmap64, void *, size_t, int, int, int, off64_t); refuse_shared(p, f, fd); return real_mmap64(a, n, p, f, fd, o); }

/* ---- names -------------------------------------------------------------------------------------------------------------------------- */

static int renamed(int result, char *from, char *to) {
    if (!result && (from || to)) {
        if (!from || !to) fail("a rename into or out of the watched folder is not modelled", from ? from : to);
        hold();
        struct file *old = by_name(to), *moved = by_name(from);
        if (old && old != moved) forget_inode(old->ino, old->dev);
        if (moved) { free(moved->name); moved->name = strdup(to); }
        size_t n = strlen(from);
        for (size_t b = 0; b < BUCKETS; b++)                      /* a folder takes what is in it along */
            for (struct file *f = files[b]; f; f = f->next)
                if (!strncmp(f->name, from, n) && f->name[n] == '/') {
                    char *name;
                    if (asprintf(&name, "%s%s", to, f->name + n) < 0) fail("memory", to);
                    free(f->name);
                    f->name = name;
                }
        add_change(RENAME, from, to, 0);
        release();
    } else { free(from); free(to); }
    return result;
}

static int removed(int result, int kind, char *name) {
    if (!result && name) {
        hold();
        struct file *f = by_name(name);
        if (f) forget_inode(f->ino, f->dev);
        add_change(kind, name, NULL, 0);
        release();
    } else free(name);
    return result;
}

static int made(int result, int kind, char *from, char *to, mode_t mode) {
    if (!result && (kind == MKDIR ? from : to)) {
        hold();
        add_change(kind, from, to, mode);
        release();
    } else { free(from); free(to); }
    return result;
}

int rename(const char *a, const char *b) { REAL(int, rename, const char *, const char *); char *x = inside(AT_FDCWD, a), *y = inside(AT_FDCWD, b); return renamed(real_rename(a, b), x, y); }
int renameat(int d, const char *a, int e, const char *b) { REAL(int, renameat, int, const char *, int, const char *); char *x = inside(d, a), *y = inside(e, b); return renamed(real_renameat(d, a, e, b), x, y); }
int renameat2(int d, const char *a, int e, const char *b, unsigned f) { REAL(int, renameat2, int, const char *, int, const char *, unsigned); char *x = inside(d, a), *y = inside(e, b); return renamed(real_renameat2(d, a, e, b, f), x, y); }
int unlink(const char *a) { REAL(int, unlink, const char *); char *x = inside(AT_FDCWD, a); return removed(real_unlink(a), UNLINK, x); }
int unlinkat(int d, const char *a, int f) { REAL(int, unlinkat, int, const char *, int); char *x = inside(d, a); return removed(real_unlinkat(d, a, f), f & AT_REMOVEDIR ? RMDIR : UNLINK, x); }
int remove(const char *a) { REAL(int, remove, const char *); struct stat s; bool folder = watching && !lstat(a, &s) && S_ISDIR(s.st_mode); char *x = inside(AT_FDCWD, a); return removed(real_remove(a), folder ? RMDIR : UNLINK, x); }
int rmdir(const char *a) { REAL(int, rmdir, const char *); char *x = inside(AT_FDCWD, a); return removed(real_rmdir(a), RMDIR, x); }
int mkdir(const char *a, mode_t m) { REAL(int, mkdir, const char *, mode_t); char *x = inside(AT_FDCWD, a); return made(real_mkdir(a, m), MKDIR, x, NULL, m); }
int mkdirat(int d, const char *a, mode_t m) { REAL(int, mkdirat, int, const char *, mode_t); char *x = inside(d, a); return made(real_mkdirat(d, a, m), MKDIR, x, NULL, m); }
int symlink(const char *a, const char *b) { REAL(int, symlink, const char *, const char *); char *y = inside(AT_FDCWD, b); return made(real_symlink(a, b), SYMLINK, y ? strdup(a) : NULL, y, 0); }

int link(const char *a, const char *b) {
    REAL(int, link, const char *, const char *);
    char *x = inside(AT_FDCWD, a), *y = inside(AT_FDCWD, b);
    int result = real_link(a, b);
    if (!result && (!x != !y)) fail("a link into or out of the watched folder is not modelled", a);
    if (!result && x) {
        /* File.Move of .NET is a link and an unlink: the name that stays is the new one. */
        hold();
        struct file *f = by_name(x);
        if (f) { free(f->name); f->name = strdup(y); }
        release();
    }
    return made(result, LINK, x, y, 0);
}
