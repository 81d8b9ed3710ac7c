/* What one process and its children did to the files beneath a folder, in order: loaded before libc.
 *
 * Each call is one record, appended to the file ORBITAL_DISK_TRACE in one write once the call is done; a sync has one
 * where it begins, too, as what is written meanwhile may not be covered. What goes to standard output is in it as well:
 * so it can be told what had been promised at each moment.
 *
 * The layout of a record is known to disk_trace.py.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct record {
  uint8_t op;
  uint32_t path;  /* bytes of it */
  uint32_t other; /* bytes of a second path */
  uint64_t at;    /* offset, size, or the thread that syncs */
  uint64_t size;  /* bytes of data */
} __attribute__((packed));

static int trace = -1;
static char beneath[PATH_MAX];

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("ORBITAL_DISK_TRACE"), *folder = getenv("ORBITAL_DISK_TRACE_BENEATH");
  if (!path || !folder) return;
  snprintf(beneath, sizeof beneath, "%s", folder);
  int fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  trace = syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 700);
  syscall(SYS_close, fd);
}

static void tell(char op, const char *path, const char *other, uint64_t at, const void *data, size_t size) {
  int saved = errno;
  struct record head = {(uint8_t)op, (uint32_t)strlen(path), (uint32_t)strlen(other), at, size};
  struct iovec parts[] = {{&head, sizeof head}, {(void *)path, head.path}, {(void *)other, head.other}, {(void *)data, size}};
  syscall(SYS_writev, trace, parts, 4);
  errno = saved;
}

static int ours(const char *path) {
  size_t length = strlen(beneath);
  return !strncmp(path, beneath, length) && (path[length] == '/' || !path[length]);
}

/* The path of a file that is traced; 0 for others. */
static int path_of(int fd, char *path) {
  if (trace < 0) return 0;
  int saved = errno;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  errno = saved;
  if (length < 0) return 0;
  path[length] = 0;
  return ours(path);
}

static int full(int dir, const char *name, char *path) {
  if (trace < 0) return 0;
  char base[PATH_MAX] = "", link[64];
  if (name[0] != '/') {
    snprintf(link, sizeof link, dir == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", dir);
    ssize_t length = readlink(link, base, sizeof base - 2);
    if (length < 0) return 0;
    base[length] = '/', base[length + 1] = 0;
  }
  snprintf(path, PATH_MAX, "%s%s", base, name);
  return ours(path);
}

#define REAL(name) \
  static typeof(&name) real; \
  if (!real) real = (typeof(&name))dlsym(RTLD_NEXT, #name)

static void wrote(int fd, const void *data, ssize_t done, off64_t at) {
  char path[PATH_MAX];
  if (done <= 0 || trace < 0) return;
  if (fd == 1) tell('o', "", "", 0, data, done);
  if (!path_of(fd, path)) return;
  if (at < 0) at = lseek64(fd, 0, SEEK_CUR) - done;
  tell('w', path, "", at, data, done);
}

ssize_t write(int fd, const void *data, size_t n) {
  REAL(write);
  ssize_t done = real(fd, data, n);
  wrote(fd, data, done, -1);
  return done;
}
ssize_t pwrite(int fd, const void *data, size_t n, off_t at) {
  REAL(pwrite);
  ssize_t done = real(fd, data, n, at);
  wrote(fd, data, done, at);
  return done;
}
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) {
  REAL(pwrite64);
  ssize_t done = real(fd, data, n, at);
  wrote(fd, data, done, at);
  return done;
}
ssize_t writev(int fd, const struct iovec *parts, int n) {
  REAL(writev);
  char path[PATH_MAX];
  ssize_t done = real(fd, parts, n), left = done;
  if (done <= 0 || !path_of(fd, path)) return done;
  off64_t at = lseek64(fd, 0, SEEK_CUR) - done;
  for (int i = 0; i < n && left > 0; i++) {
    ssize_t size = (ssize_t)parts[i].iov_len < left ? (ssize_t)parts[i].iov_len : left;
    tell('w', path, "", at, parts[i].iov_base, size);
    at += size, left -= size;
  }
  return done;
}

#define SYNC(name) \
  int name(int fd) { \
    REAL(name); \
    char path[PATH_MAX]; \
    int traced = path_of(fd, path); \
    uint64_t thread = syscall(SYS_gettid); \
    if (traced) tell('b', path, "", thread, "", 0); \
    int failed = real(fd); \
    if (traced && !failed) tell('s', path, "", thread, "", 0); \
    return failed; \
  }

SYNC(fsync)
SYNC(fdatasync)

#define SIZED(name, type) \
  int name(int fd, type size) { \
    REAL(name); \
    char path[PATH_MAX]; \
    int failed = real(fd, size); \
    if (!failed && path_of(fd, path)) tell('t', path, "", size, "", 0); \
    return failed; \
  }

SIZED(ftruncate, off_t)
SIZED(ftruncate64, off64_t)

static void opened(int fd, int flags, int is_new) {
  char path[PATH_MAX];
  if (fd < 0 || !(flags & (O_CREAT | O_TRUNC)) || !path_of(fd, path)) return;
  if (is_new) tell('c', path, "", 0, "", 0);
  if (flags & O_TRUNC) tell('t', path, "", 0, "", 0);
}

#define OPEN(name, real_call, ...) \
  int name(__VA_ARGS__, int flags, ...) { \
    REAL(name); \
    mode_t mode = 0; \
    if (flags & (O_CREAT | __O_TMPFILE)) { \
      va_list list; \
      va_start(list, flags); \
      mode = va_arg(list, mode_t); \
      va_end(list); \
    } \
    int is_new = trace >= 0 && (flags & O_CREAT) && faccessat(dir_of, path_is, F_OK, AT_SYMLINK_NOFOLLOW) < 0; \
    int fd = real_call; \
    opened(fd, flags, is_new); \
    return fd; \
  }

#define dir_of AT_FDCWD
#define path_is path
OPEN(open, real(path, flags, mode), const char *path)
OPEN(open64, real(path, flags, mode), const char *path)
#undef dir_of
#define dir_of dir
OPEN(openat, real(dir, path, flags, mode), int dir, const char *path)
OPEN(openat64, real(dir, path, flags, mode), int dir, const char *path)

int rename(const char *from, const char *to) {
  REAL(rename);
  char one[PATH_MAX], two[PATH_MAX];
  int failed = real(from, to);
  if (!failed && full(AT_FDCWD, from, one) && full(AT_FDCWD, to, two)) tell('r', one, two, 0, "", 0);
  return failed;
}
int link(const char *from, const char *to) {
  REAL(link);
  char one[PATH_MAX], two[PATH_MAX];
  int failed = real(from, to);
  if (!failed && full(AT_FDCWD, from, one) && full(AT_FDCWD, to, two)) tell('l', one, two, 0, "", 0);
  return failed;
}
int unlink(const char *name) {
  REAL(unlink);
  char path[PATH_MAX];
  int failed = real(name);
  if (!failed && full(AT_FDCWD, name, path)) tell('u', path, "", 0, "", 0);
  return failed;
}
int unlinkat(int dir, const char *name, int flags) {
  REAL(unlinkat);
  char path[PATH_MAX];
  int known = full(dir, name, path), failed = real(dir, name, flags);
  if (!failed && known) tell('u', path, "", 0, "", 0);
  return failed;
}
int mkdir(const char *name, mode_t mode) {
  REAL(mkdir);
  char path[PATH_MAX];
  int failed = real(name, mode);
  if (!failed && full(AT_FDCWD, name, path)) tell('m', path, "", 0, "", 0);
  return failed;
}
