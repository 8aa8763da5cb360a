/* Faults for one process, preloaded between it and the C library: it kills the process at a chosen call, runs out of room,
 * refuses to write, shifts the clock, and keeps what a power cut would leave.
 *
 * ASTROSHIELD_FAULT_FOLDER   the folder whose files are meant
 * ASTROSHIELD_FAULT_CONTROL  a file of 64-bit words (enum word), which the test writes while the process runs
 * ASTROSHIELD_FAULT_DISK     a folder for what is on the disk: a file's bytes as of its last fsync, a folder's names as of the
 *                            folder's last fsync. Without it nothing is kept.
 *
 * Between two calls that are counted, nothing outside the process changes, so that a kill at each call, before it and after
 * it, is a kill at every boundary. */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum word {
    KILL_IN,      /* the process is killed at this point, counted down; 0: not at all */
    FINE,         /* whether writes, truncations and new names count as points, too */
    POINTS,       /* points passed */
    SPACE,        /* bytes that files may still grow by; below 0: any number */
    REFUSE,       /* number of the error that every write is refused with; 0: none */
    CLOCK_S,      /* what the clock is ahead, in s */
    REFUSED,      /* how often something was refused */
    KILLED_AT,    /* enum point, plus 100 after the call */
    WORDS
};

enum point { WRITE = 1, SYNC, SYNC_FOLDER, RENAME, UNLINK, TRUNCATE, SEND, CREATE };

static _Atomic int64_t *control;
static const char *folder, *disk;
static size_t folder_length;
static pthread_mutex_t disk_lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("ASTROSHIELD_FAULT_CONTROL");
    folder = getenv("ASTROSHIELD_FAULT_FOLDER");
    disk = getenv("ASTROSHIELD_FAULT_DISK");
    if (!path || !folder) return;
    folder_length = strlen(folder);
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    if (fd < 0) abort();
    void *words = mmap(NULL, WORDS * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (words == MAP_FAILED) abort();
    syscall(SYS_close, fd);
    control = words;
}

/* One of the points at which the process may be killed. */
static void point(enum point kind, int after) {
    int fine = kind == WRITE || kind == TRUNCATE || kind == CREATE;
    if (!control || (fine && !control[FINE])) return;
    atomic_fetch_add(&control[POINTS], 1);
    if (control[KILL_IN] <= 0 || atomic_fetch_sub(&control[KILL_IN], 1) != 1) return;
    control[KILLED_AT] = kind + 100 * after;
    /* What is being brought to the disk gets there. */
    pthread_mutex_lock(&disk_lock);
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

static int is_inside(const char *path) {
    return control && !strncmp(path, folder, folder_length) && (path[folder_length] == '/' || !path[folder_length]);
}

/* The path of a file or folder inside the folder; else nothing. */
static int path_of(int fd, char path[PATH_MAX]) {
    char link[64];
    if (!control) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlink, link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_inside(path);
}

static int fd_is_inside(int fd) {
    char path[PATH_MAX];
    return path_of(fd, path);
}

static int is_connection(int fd) {
    int domain = 0;
    socklen_t size = sizeof domain;
    return control && !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) && (domain == AF_INET || domain == AF_INET6);
}

/* Whether a change inside the folder is refused. */
static int refused(void) {
    int error = control[REFUSE];
    if (!error) return 0;
    control[REFUSED]++;
    errno = error;
    return -1;
}

/* How many of so many bytes there is room for, at an offset; below 0 with errno if for none. What is in the file already
 * takes no room again. */
static ssize_t room(int fd, size_t count, off_t offset) {
    if (refused()) return -1;
    struct stat status;
    if (control[SPACE] < 0 || fstat(fd, &status) || !S_ISREG(status.st_mode)) return count;
    int64_t growth = offset + (int64_t)count - (status.st_size > offset ? status.st_size : offset);
    if (growth <= 0) return count;
    int64_t left = atomic_load(&control[SPACE]), granted;
    do granted = left < growth ? left : growth;
    while (!atomic_compare_exchange_weak(&control[SPACE], &left, left - granted));
    if (granted == growth) return count;
    control[REFUSED]++;
    ssize_t fits = (ssize_t)count - (growth - granted);
    if (fits > 0) return fits;
    errno = ENOSPC;
    return -1;
}

/* A new name needs room, too. */
static int no_room_for_name(void) {
    if (refused()) return -1;
    if (control[SPACE] != 0) return 0;
    control[REFUSED]++;
    errno = ENOSPC;
    return -1;
}

static off_t end_or_place(int fd) {
    int flags = fcntl(fd, F_GETFL);
    struct stat status;
    if (flags >= 0 && (flags & O_APPEND) && !fstat(fd, &status)) return status.st_size;
    off_t place = lseek(fd, 0, SEEK_CUR);
    return place < 0 ? 0 : place;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    if (is_connection(fd)) {
        point(SEND, 0);
        ssize_t result = REAL(write)(fd, bytes, count);
        point(SEND, 1);
        return result;
    }
    if (!fd_is_inside(fd)) return REAL(write)(fd, bytes, count);
    point(WRITE, 0);
    ssize_t fits = room(fd, count, end_or_place(fd));
    return fits < 0 ? -1 : REAL(write)(fd, bytes, fits);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    if (!fd_is_inside(fd)) return REAL(pwrite64)(fd, bytes, count, offset);
    point(WRITE, 0);
    ssize_t fits = room(fd, count, offset);
    return fits < 0 ? -1 : REAL(pwrite64)(fd, bytes, fits, offset);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) { return pwrite64(fd, bytes, count, offset); }

ssize_t writev(int fd, const struct iovec *parts, int number) {
    if (fd_is_inside(fd)) return number ? write(fd, parts[0].iov_base, parts[0].iov_len) : 0;
    int counts = is_connection(fd);
    if (counts) point(SEND, 0);
    ssize_t result = REAL(writev)(fd, parts, number);
    if (counts) point(SEND, 1);
    return result;
}

#define SENDING(call) \
    int counts = is_connection(fd); \
    if (counts) point(SEND, 0); \
    ssize_t result = call; \
    if (counts) point(SEND, 1); \
    return result;
ssize_t send(int fd, const void *bytes, size_t count, int flags) { SENDING(REAL(send)(fd, bytes, count, flags)) }
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) { SENDING(REAL(sendmsg)(fd, message, flags)) }

int ftruncate64(int fd, off64_t length) {
    if (!fd_is_inside(fd)) return REAL(ftruncate64)(fd, length);
    point(TRUNCATE, 0);
    return refused() ? -1 : REAL(ftruncate64)(fd, length);
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int opened(int at, const char *path, int flags, mode_t mode) {
    char absolute[PATH_MAX];
    int (*open_at)(int, const char *, int, ...) = (int (*)(int, const char *, int, ...))real("openat64");
    if (control && at == AT_FDCWD && path[0] != '/' && getcwd(absolute, sizeof absolute)) {
        strncat(absolute, "/", sizeof absolute - strlen(absolute) - 1);
        strncat(absolute, path, sizeof absolute - strlen(absolute) - 1);
    } else {
        snprintf(absolute, sizeof absolute, "%s", path);
    }
    if (is_inside(absolute) && (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC))) {
        int is_new = (flags & O_CREAT) && syscall(SYS_access, absolute, F_OK);
        if (is_new) point(CREATE, 0);
        if (is_new ? no_room_for_name() : refused()) return -1;
    }
    return open_at(at, path, flags, mode);
}

#define MODE \
    mode_t mode = 0; \
    if (flags & (O_CREAT | __O_TMPFILE)) { \
        va_list more; \
        va_start(more, flags); \
        mode = va_arg(more, mode_t); \
        va_end(more); \
    }
int open64(const char *path, int flags, ...) { MODE return opened(AT_FDCWD, path, flags, mode); }
int open(const char *path, int flags, ...) { MODE return opened(AT_FDCWD, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE return opened(at, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE return opened(at, path, flags, mode); }

int mkdir(const char *path, mode_t mode) {
    if (!is_inside(path)) return REAL(mkdir)(path, mode);
    point(CREATE, 0);
    if (!syscall(SYS_access, path, F_OK)) return errno = EEXIST, -1;
    return no_room_for_name() ? -1 : REAL(mkdir)(path, mode);
}

int rename(const char *from, const char *to) {
    if (!is_inside(to)) return REAL(rename)(from, to);
    point(RENAME, 0);
    int result = refused() ? -1 : REAL(rename)(from, to);
    point(RENAME, 1);
    return result;
}

int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    if (!is_inside(to)) return REAL(linkat)(from_at, from, to_at, to, flags);
    point(RENAME, 0);
    int result = no_room_for_name() ? -1 : REAL(linkat)(from_at, from, to_at, to, flags);
    point(RENAME, 1);
    return result;
}

/* What is on the disk, by the number of the file or folder: a file's bytes in NUMBER, a folder's names in NUMBER.d, those of
 * files as links to their bytes, those of folders as symbolic links to their numbers. */
static void kept(ino_t number, const char *kind, char path[PATH_MAX]) {
    snprintf(path, PATH_MAX, "%s/%llu%s", disk, (unsigned long long)number, kind);
}

static void empty(const char *path) {
    char name[PATH_MAX * 2];
    DIR *names = opendir(path);
    if (!names) return;
    for (struct dirent *entry; (entry = readdir(names));) {
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) REAL(unlink)(name);
    }
    closedir(names);
}

int unlink(const char *path) {
    if (!is_inside(path)) return REAL(unlink)(path);
    point(UNLINK, 0);
    struct stat status;
    int last = disk && !lstat(path, &status) && status.st_nlink == 1;
    int result = refused() ? -1 : REAL(unlink)(path);
    if (!result && last) {
        /* The number may be given to another file; names that are on the disk have links of their own. */
        char bytes[PATH_MAX];
        kept(status.st_ino, "", bytes);
        REAL(unlink)(bytes);
    }
    point(UNLINK, 1);
    return result;
}

int rmdir(const char *path) {
    if (!is_inside(path)) return REAL(rmdir)(path);
    struct stat status;
    int known = disk && !lstat(path, &status);
    int result = refused() ? -1 : REAL(rmdir)(path);
    if (!result && known) {
        char names[PATH_MAX];
        kept(status.st_ino, ".d", names);
        empty(names);
        REAL(rmdir)(names);
    }
    return result;
}

/* A file was synced: its bytes are on the disk, under every name of it that is. */
static int keep_file(int fd, const struct stat *status) {
    char path[PATH_MAX], half[PATH_MAX + 8], buffer[65536];
    kept(status->st_ino, "", path);
    snprintf(half, sizeof half, "%s.half", path);
    int from = syscall(SYS_openat, AT_FDCWD, path, O_RDWR);
    int is_new = from < 0;
    /* Rewritten in place, so that links follow. */
    int out = is_new ? (int)syscall(SYS_openat, AT_FDCWD, half, O_RDWR | O_CREAT | O_TRUNC, 0600) : from;
    if (out < 0) return -1;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    /* The descriptor may be for writing only. */
    int in = syscall(SYS_openat, AT_FDCWD, link, O_RDONLY);
    if (in < 0) return -1;
    off_t place = 0;
    for (ssize_t n; (n = pread(in, buffer, sizeof buffer, place)) > 0; place += n)
        if (REAL(pwrite64)(out, buffer, n, place) != n) return -1;
    REAL(ftruncate64)(out, place);
    syscall(SYS_close, in);
    syscall(SYS_close, out);
    return is_new ? REAL(rename)(half, path) : 0;
}

/* A folder was synced: the names in it are on the disk, those of files that were never synced with nothing in them. */
static int keep_folder(const char *path, const struct stat *of) {
    char names_path[PATH_MAX], name[PATH_MAX * 2], bytes[PATH_MAX], real_name[PATH_MAX * 2];
    kept(of->st_ino, ".d", names_path);
    REAL(mkdir)(names_path, 0700);
    empty(names_path);
    DIR *names = opendir(path);
    if (!names) return -1;
    for (struct dirent *entry; (entry = readdir(names));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        snprintf(real_name, sizeof real_name, "%s/%s", path, entry->d_name);
        snprintf(name, sizeof name, "%s/%s", names_path, entry->d_name);
        struct stat status;
        if (lstat(real_name, &status)) continue;
        kept(status.st_ino, S_ISDIR(status.st_mode) ? ".d" : "", bytes);
        if (S_ISDIR(status.st_mode)) {
            if (symlink(bytes, name)) return -1;
            continue;
        }
        int fd = syscall(SYS_openat, AT_FDCWD, bytes, O_WRONLY | O_CREAT, 0600);
        if (fd < 0) return -1;
        syscall(SYS_close, fd);
        if (REAL(linkat)(AT_FDCWD, bytes, AT_FDCWD, name, 0)) return -1;
    }
    closedir(names);
    return 0;
}

static int synced(const char *name, int fd) {
    int (*sync)(int) = (int (*)(int))real(name);
    char path[PATH_MAX];
    struct stat status;
    if (!path_of(fd, path) || fstat(fd, &status)) return sync(fd);
    int is_folder = S_ISDIR(status.st_mode);
    point(is_folder ? SYNC_FOLDER : SYNC, 0);
    int result = refused() ? -1 : sync(fd);
    if (!result && disk) {
        pthread_mutex_lock(&disk_lock);
        if (is_folder ? keep_folder(path, &status) : keep_file(fd, &status)) abort();
        pthread_mutex_unlock(&disk_lock);
    }
    point(is_folder ? SYNC_FOLDER : SYNC, 1);
    return result;
}
int fsync(int fd) { return synced("fsync", fd); }
int fdatasync(int fd) { return synced("fdatasync", fd); }

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = REAL(clock_gettime)(clock, time);
    if (!result && control && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += control[CLOCK_S];
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    int result = REAL(gettimeofday)(time, zone);
    if (!result && control) time->tv_sec += control[CLOCK_S];
    return result;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}
