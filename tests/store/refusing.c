/* A file system that lacks what REFUSED_CALLS names, below REFUSING_FOLDER, for a program that this is preloaded into:
   fcntl and flock (a share without locks), mmap (without shared memory), syncdir (folders cannot be synced). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int refuses(int fd, const char *call) {
    const char *folder = getenv("REFUSING_FOLDER"), *calls = getenv("REFUSED_CALLS");
    char link[64], path[4096];
    if (!folder || !calls || !strstr(calls, call))
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return strncmp(path, folder, strlen(folder)) == 0;
}

#define FCNTL(name)                                                                                                    \
    int name(int fd, int command, ...) {                                                                               \
        va_list rest;                                                                                                  \
        va_start(rest, command);                                                                                       \
        void *argument = va_arg(rest, void *);                                                                         \
        va_end(rest);                                                                                                  \
        if ((command == F_SETLK || command == F_SETLKW) && refuses(fd, "fcntl")) {                                     \
            errno = ENOLCK;                                                                                            \
            return -1;                                                                                                 \
        }                                                                                                              \
        int (*real)(int, int, ...) = dlsym(RTLD_NEXT, #name);                                                          \
        return real(fd, command, argument);                                                                            \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

int flock(int fd, int operation) {
    if (refuses(fd, "flock")) {
        errno = EOPNOTSUPP;
        return -1;
    }
    int (*real)(int, int) = dlsym(RTLD_NEXT, "flock");
    return real(fd, operation);
}

#define MMAP(name, position)                                                                                           \
    void *name(void *at, size_t size, int protection, int flags, int fd, position offset) {                            \
        if (fd >= 0 && (flags & MAP_SHARED) && refuses(fd, "mmap")) {                                                  \
            errno = ENODEV;                                                                                            \
            return MAP_FAILED;                                                                                         \
        }                                                                                                              \
        void *(*real)(void *, size_t, int, int, int, position) = dlsym(RTLD_NEXT, #name);                              \
        return real(at, size, protection, flags, fd, offset);                                                          \
    }
MMAP(mmap, off_t)
MMAP(mmap64, off64_t)

int fsync(int fd) {
    struct stat status;
    if (!fstat(fd, &status) && S_ISDIR(status.st_mode) && refuses(fd, "syncdir")) {
        errno = EINVAL;
        return -1;
    }
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    return real(fd);
}
