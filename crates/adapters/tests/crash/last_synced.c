/* Keeps of every file in a folder what was last brought to the disk: a preloaded layer over fsync and fdatasync.
 *
 * After the process was killed, the copies are what a power cut would have left of the files, had the kernel not written
 * anything by itself. ASTROSHIELD_SYNC_FROM is the folder, ASTROSHIELD_SYNC_TO the folder of the copies. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static int keep(int fd) {
    const char *from = getenv("ASTROSHIELD_SYNC_FROM"), *to = getenv("ASTROSHIELD_SYNC_TO");
    char link[64], path[PATH_MAX], copy[PATH_MAX], half[PATH_MAX + 8], buffer[65536];
    if (!from || !to) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return -1;
    path[length] = 0;
    size_t prefix = strlen(from);
    /* Only files right in the folder; the folder itself has nothing to copy. */
    if (strncmp(path, from, prefix) || path[prefix] != '/') return 0;
    snprintf(copy, sizeof copy, "%s/%s", to, path + prefix + 1);
    snprintf(half, sizeof half, "%s.half", copy);
    int out = open(half, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (out < 0) return -1;
    off_t place = 0;
    for (ssize_t n; (n = pread(fd, buffer, sizeof buffer, place)) > 0; place += n)
        if (write(out, buffer, n) != n) return -1;
    close(out);
    return rename(half, copy);
}

static int sync_and_keep(const char *name, int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    pthread_mutex_lock(&one_at_a_time);
    int result = real(fd);
    if (result == 0 && keep(fd) != 0) abort();
    pthread_mutex_unlock(&one_at_a_time);
    return result;
}

int fsync(int fd) { return sync_and_keep("fsync", fd); }
int fdatasync(int fd) { return sync_and_keep("fdatasync", fd); }
