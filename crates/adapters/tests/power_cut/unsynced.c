/* A file layer that forgets what was never synced.
 *
 * Preloaded into a process (LD_PRELOAD), it keeps beside every file under POWER_CUT_ROOT a copy under POWER_CUT_SHADOW
 * of what the file was when it was last given to fsync or fdatasync. After the process was killed, the shadow is what a
 * disk may hold after a power cut at that moment: writes that were not synced are gone, and a file that was removed is
 * back unless its folder was synced since.
 *
 * The copy is made under a lock before the call returns, so that whoever is told "synced" finds it in the shadow.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void fail(const char *what, const char *path) {
    fprintf(stderr, "power cut shim: %s %s: %s\n", what, path, strerror(errno));
    abort();
}

/* Where the shadow of an open file is; 0 if the file is not under the root. */
static int shadow_of(int fd, char *path, char *shadow) {
    const char *root = getenv("POWER_CUT_ROOT"), *shadows = getenv("POWER_CUT_SHADOW");
    if (!root || !shadows) return 0;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    size_t root_length = strlen(root);
    if (strncmp(path, root, root_length) || (path[root_length] && path[root_length] != '/')) return 0;
    if (snprintf(shadow, PATH_MAX, "%s%s", shadows, path + root_length) >= PATH_MAX) return 0;
    return 1;
}

static void make_parents(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(path, 0700) && errno != EEXIST) fail("mkdir", path);
        *slash = '/';
    }
}

/* Copies to a new file and renames it: a kill in the midst leaves the old shadow whole. */
static void copy(const char *from, char *to) {
    static char buffer[1 << 16];
    char fresh[PATH_MAX + 8];
    snprintf(fresh, sizeof fresh, "%s.fresh", to);
    make_parents(to);
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0) return; /* Removed while open: nothing would find it after a power cut either. */
    int out = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out < 0) fail("open", fresh);
    for (ssize_t got; (got = read(in, buffer, sizeof buffer)) != 0;) {
        if (got < 0 || write(out, buffer, (size_t)got) != got) fail("copy", from);
    }
    close(in);
    close(out);
    if (rename(fresh, to)) fail("rename", to);
}

/* Forgets the shadows of files that a synced folder no longer has. */
static void forget_removed(const char *folder, const char *shadow) {
    DIR *entries = opendir(shadow);
    if (!entries) return;
    for (struct dirent *entry; (entry = readdir(entries));) {
        char real[PATH_MAX * 2], copy_of[PATH_MAX * 2];
        if (entry->d_type != DT_REG) continue;
        snprintf(real, sizeof real, "%s/%s", folder, entry->d_name);
        snprintf(copy_of, sizeof copy_of, "%s/%s", shadow, entry->d_name);
        if (access(real, F_OK)) unlink(copy_of);
    }
    closedir(entries);
}

static void keep(int fd) {
    char path[PATH_MAX], shadow[PATH_MAX];
    struct stat status;
    if (!shadow_of(fd, path, shadow) || fstat(fd, &status)) return;
    pthread_mutex_lock(&lock);
    if (S_ISREG(status.st_mode)) copy(path, shadow);
    if (S_ISDIR(status.st_mode)) forget_removed(path, shadow);
    pthread_mutex_unlock(&lock);
}

int fsync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    int result = real(fd);
    if (!result) keep(fd);
    return result;
}

int fdatasync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int result = real(fd);
    if (!result) keep(fd);
    return result;
}
