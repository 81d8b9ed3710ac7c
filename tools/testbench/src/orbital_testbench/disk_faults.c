/* A disk that fails or stalls, for one process: loaded before libc, it stands before the calls that touch files.
 *
 * The table of rules is a file that the test maps too (ORBITAL_DISK_FAULTS), so that rules come and go while the process
 * runs, and a call that is held returns as soon as its rule is gone. Files are known by path: only those beneath the
 * table's folder are touched. Reads of mapped memory cannot be held.
 *
 * The layout of `struct table` is known to disk_faults.py.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum op { OPEN = 1, READ, WRITE, SYNC, RENAME, UNLINK, RESIZE };
enum { RULES = 16 };

struct rule {
  uint32_t op;         /* 0: no rule */
  uint32_t error;      /* errno; 0: the call goes on after its delay */
  uint64_t every;      /* each Nth call; 1: all */
  uint64_t times;      /* calls at most; 0: all */
  uint64_t delay_ms;   /* how long a call is held */
  uint64_t generation; /* changes when the rule does */
  uint64_t seen;       /* calls that the rule looked at */
  uint64_t hit;        /* calls that it touched */
  uint64_t from;       /* reads of these bytes of the file */
  uint64_t to;         /* 0: all calls */
  char match[256];     /* glob of the whole path */
};

struct table {
  char beneath[1024];
  struct rule rules[RULES];
};

static struct table *table;

#define REAL(name) \
  static typeof(&name) real; \
  if (!real) real = (typeof(&name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void map_table(void) {
  const char *path = getenv("ORBITAL_DISK_FAULTS");
  int (*real_open)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
  int fd = path ? real_open(path, O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void *mapped = mmap(NULL, sizeof(struct table), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED) table = mapped;
  close(fd);
}

/* A kernel that waits for a disk lets nobody end the process meanwhile. Here a held call is a sleep, which any kill
 * ends: with ORBITAL_DISK_FAULTS_ORPHANS that of a parent's death is never asked for. */
int prctl(int option, ...) {
  REAL(prctl);
  va_list list;
  va_start(list, option);
  unsigned long a = va_arg(list, unsigned long), b = va_arg(list, unsigned long);
  unsigned long c = va_arg(list, unsigned long), d = va_arg(list, unsigned long);
  va_end(list);
  if (option == PR_SET_PDEATHSIG && getenv("ORBITAL_DISK_FAULTS_ORPHANS")) return 0;
  return real(option, a, b, c, d);
}

static void hold(struct rule *rule, uint64_t generation) {
  struct timespec tick = {0, 10 * 1000 * 1000};
  uint64_t left = rule->delay_ms / 10;
  while (left-- && __atomic_load_n(&rule->generation, __ATOMIC_ACQUIRE) == generation)
    nanosleep(&tick, NULL);
}

/* What becomes of a call: 0 to go on, an errno to fail. */
static int judge(enum op op, const char *path, off64_t at, size_t n) {
  size_t length = strnlen(table->beneath, sizeof table->beneath);
  if (strncmp(path, table->beneath, length) || (path[length] != '/' && path[length] != 0)) return 0;
  for (struct rule *rule = table->rules; rule < table->rules + RULES; rule++) {
    uint64_t generation = __atomic_load_n(&rule->generation, __ATOMIC_ACQUIRE);
    if (rule->op != op || fnmatch(rule->match, path, 0)) continue;
    if (rule->to && (at < 0 || (uint64_t)at >= rule->to || (uint64_t)at + n <= rule->from)) continue;
    uint64_t turn = __atomic_add_fetch(&rule->seen, 1, __ATOMIC_ACQ_REL);
    if (turn % rule->every) continue;
    if (rule->times && turn / rule->every > rule->times) continue;
    int error = (int)rule->error;
    __atomic_add_fetch(&rule->hit, 1, __ATOMIC_ACQ_REL);
    hold(rule, generation);
    return error;
  }
  return 0;
}

static int any(enum op op) {
  if (!table) return 0;
  for (int i = 0; i < RULES; i++)
    if (table->rules[i].op == op) return 1;
  return 0;
}

static int refused(int error) {
  if (!error) return 0;
  errno = error;
  return 1;
}

/* Whether the call shall fail; errno is set then. */
static int fails_fd_at(enum op op, int fd, off64_t at, size_t n) {
  if (!any(op)) return 0;
  int saved = errno;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  errno = saved;
  if (length < 0 || path[0] != '/') return 0;
  path[length] = 0;
  return refused(judge(op, path, at, n));
}

static int fails_fd(enum op op, int fd) { return fails_fd_at(op, fd, -1, 0); }

/* A read of what comes next in the file. */
static int fails_next(int fd, size_t n) {
  if (!any(READ)) return 0;
  int saved = errno;
  off64_t at = lseek64(fd, 0, SEEK_CUR);
  errno = saved;
  return fails_fd_at(READ, fd, at, n);
}

static int fails_at(enum op op, int dir, const char *name) {
  if (!any(op)) return 0;
  int saved = errno;
  char path[2 * PATH_MAX], base[PATH_MAX] = "";
  if (name[0] != '/' && dir == AT_FDCWD) {
    if (!getcwd(base, sizeof base)) return 0;
  } else if (name[0] != '/') {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
    ssize_t length = readlink(link, base, sizeof base - 1);
    base[length < 0 ? 0 : length] = 0;
  }
  snprintf(path, sizeof path, "%s%s%s", base, base[0] ? "/" : "", name);
  errno = saved;
  return refused(judge(op, path, -1, 0));
}

#define MODE(flags) \
  mode_t mode = 0; \
  if (flags & (O_CREAT | __O_TMPFILE)) { \
    va_list list; \
    va_start(list, flags); \
    mode = va_arg(list, mode_t); \
    va_end(list); \
  }

int open(const char *name, int flags, ...) {
  REAL(open); MODE(flags);
  return fails_at(OPEN, AT_FDCWD, name) ? -1 : real(name, flags, mode);
}
int open64(const char *name, int flags, ...) {
  REAL(open64); MODE(flags);
  return fails_at(OPEN, AT_FDCWD, name) ? -1 : real(name, flags, mode);
}
int openat(int dir, const char *name, int flags, ...) {
  REAL(openat); MODE(flags);
  return fails_at(OPEN, dir, name) ? -1 : real(dir, name, flags, mode);
}
int openat64(int dir, const char *name, int flags, ...) {
  REAL(openat64); MODE(flags);
  return fails_at(OPEN, dir, name) ? -1 : real(dir, name, flags, mode);
}
FILE *fopen(const char *name, const char *how) {
  REAL(fopen);
  return fails_at(OPEN, AT_FDCWD, name) ? NULL : real(name, how);
}
FILE *fopen64(const char *name, const char *how) {
  REAL(fopen64);
  return fails_at(OPEN, AT_FDCWD, name) ? NULL : real(name, how);
}

#define BY_FD(op, type, name, args, ...) \
  type name args { \
    REAL(name); \
    return fails_fd(op, fd) ? (type)-1 : real(__VA_ARGS__); \
  }

ssize_t read(int fd, void *to, size_t n) {
  REAL(read);
  return fails_next(fd, n) ? -1 : real(fd, to, n);
}
ssize_t pread(int fd, void *to, size_t n, off_t at) {
  REAL(pread);
  return fails_fd_at(READ, fd, at, n) ? -1 : real(fd, to, n, at);
}
ssize_t pread64(int fd, void *to, size_t n, off64_t at) {
  REAL(pread64);
  return fails_fd_at(READ, fd, at, n) ? -1 : real(fd, to, n, at);
}
BY_FD(READ, ssize_t, readv, (int fd, const struct iovec *to, int n), fd, to, n)
BY_FD(READ, ssize_t, preadv, (int fd, const struct iovec *to, int n, off_t at), fd, to, n, at)
BY_FD(READ, ssize_t, preadv64, (int fd, const struct iovec *to, int n, off64_t at), fd, to, n, at)
BY_FD(WRITE, ssize_t, write, (int fd, const void *from, size_t n), fd, from, n)
BY_FD(WRITE, ssize_t, pwrite, (int fd, const void *from, size_t n, off_t at), fd, from, n, at)
BY_FD(WRITE, ssize_t, pwrite64, (int fd, const void *from, size_t n, off64_t at), fd, from, n, at)
BY_FD(WRITE, ssize_t, writev, (int fd, const struct iovec *from, int n), fd, from, n)
BY_FD(WRITE, ssize_t, pwritev, (int fd, const struct iovec *from, int n, off_t at), fd, from, n, at)
BY_FD(WRITE, ssize_t, pwritev64, (int fd, const struct iovec *from, int n, off64_t at), fd, from, n, at)
BY_FD(SYNC, int, fsync, (int fd), fd)
BY_FD(SYNC, int, fdatasync, (int fd), fd)
BY_FD(SYNC, int, sync_file_range, (int fd, off64_t at, off64_t n, unsigned how), fd, at, n, how)
BY_FD(RESIZE, int, ftruncate, (int fd, off_t size), fd, size)
BY_FD(RESIZE, int, ftruncate64, (int fd, off64_t size), fd, size)
BY_FD(RESIZE, int, fallocate, (int fd, int how, off_t at, off_t n), fd, how, at, n)
BY_FD(RESIZE, int, fallocate64, (int fd, int how, off64_t at, off64_t n), fd, how, at, n)

/* What a buffered file reads inside of libc is seen by nobody: its callers are. */
#define BY_FILE(name) \
  size_t(name)(void *to, size_t size, size_t n, FILE *file) { \
    REAL(name); \
    return fails_next(fileno(file), size * n) ? 0 : real(to, size, n, file); \
  }

BY_FILE(fread)
BY_FILE(fread_unlocked)

/* These give the error back instead of setting errno. */
int posix_fallocate(int fd, off_t at, off_t n) {
  REAL(posix_fallocate);
  return fails_fd(RESIZE, fd) ? errno : real(fd, at, n);
}
int posix_fallocate64(int fd, off64_t at, off64_t n) {
  REAL(posix_fallocate64);
  return fails_fd(RESIZE, fd) ? errno : real(fd, at, n);
}

int rename(const char *from, const char *to) {
  REAL(rename);
  return fails_at(RENAME, AT_FDCWD, from) ? -1 : real(from, to);
}
int renameat(int from_dir, const char *from, int to_dir, const char *to) {
  REAL(renameat);
  return fails_at(RENAME, from_dir, from) ? -1 : real(from_dir, from, to_dir, to);
}
int unlink(const char *name) {
  REAL(unlink);
  return fails_at(UNLINK, AT_FDCWD, name) ? -1 : real(name);
}
int unlinkat(int dir, const char *name, int flags) {
  REAL(unlinkat);
  return fails_at(UNLINK, dir, name) ? -1 : real(dir, name, flags);
}
