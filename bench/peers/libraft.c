/* Load on three servers of canonical's libraft on loopback, with its own back end for disk and TCP:
 * the first that leads keeps so many commands in flight. One line of JSON.
 *
 *   libraft_load DIR OUTSTANDING BYTES SECONDS
 */
#include <raft.h>
#include <raft/uv.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { servers = 3, first_port = 9801, most_samples = 20000000 };

struct request {
    struct raft_apply apply;
    double sent;
};

static struct raft member;
static uv_loop_t loop;
static unsigned long long value;
static unsigned outstanding;
static size_t bytes;
static double seconds, begin, end;
static double *samples;
static size_t count;

static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void die(const char *what, const char *why) {
    fprintf(stderr, "libraft_load: %s: %s\n", what, why);
    _exit(1);
}

static int apply(struct raft_fsm *fsm, const struct raft_buffer *command, void **result) {
    (void)fsm;
    (void)command;
    ++value;
    *result = &value;
    return 0;
}

static int snapshot(struct raft_fsm *fsm, struct raft_buffer *buffers[], unsigned *n) {
    (void)fsm;
    *n = 1;
    *buffers = raft_malloc(sizeof **buffers);
    (*buffers)->len = sizeof value;
    (*buffers)->base = raft_malloc(sizeof value);
    memcpy((*buffers)->base, &value, sizeof value);
    return 0;
}

static int restore(struct raft_fsm *fsm, struct raft_buffer *buffer) {
    (void)fsm;
    memcpy(&value, buffer->base, sizeof value);
    raft_free(buffer->base);
    return 0;
}

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void finish(void) {
    if (count == 0) die("measuring", "nothing was answered");
    qsort(samples, count, sizeof *samples, by_size);
    printf("{\"per_second\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
           (double)count / (end - begin), samples[count / 2] * 1e6, samples[count * 99 / 100] * 1e6);
    fflush(stdout);
    _exit(0);
}

static void submit(struct request *request);

static void done(struct raft_apply *answered, int status, void *result) {
    struct request *request = (struct request *)answered;
    const double at = now();
    (void)result;
    if (status != 0) die("a command", raft_strerror(status));
    if (request->sent >= begin && count < most_samples) samples[count++] = at - request->sent;
    if (at > end) finish();
    submit(request);
}

static void submit(struct request *request) {
    struct raft_buffer command;
    command.len = bytes;
    command.base = raft_malloc(bytes);
    memset(command.base, 'x', bytes);
    request->sent = now();
    const int status = raft_apply(&member, &request->apply, &command, 1, done);
    if (status != 0) die("a command", raft_strerror(status));
}

static void tick(uv_timer_t *timer) {
    static int started;
    (void)timer;
    if (started || raft_state(&member) != RAFT_LEADER) return;
    started = 1;
    samples = malloc(most_samples * sizeof *samples);
    begin = now() + 0.5;
    end = begin + seconds;
    struct request *requests = calloc(outstanding, sizeof *requests);
    for (unsigned i = 0; i < outstanding; ++i) submit(&requests[i]);
}

static void serve(int id, const char *dir) {
    static struct raft_uv_transport transport;
    static struct raft_io io;
    static struct raft_fsm fsm = {.version = 1, .apply = apply, .snapshot = snapshot, .restore = restore};
    char own[512], address[64];
    snprintf(own, sizeof own, "%s/%d", dir, id);
    mkdir(own, 0700);
    uv_loop_init(&loop);
    if (raft_uv_tcp_init(&transport, &loop) || raft_uv_init(&io, &loop, own, &transport)) {
        die("starting", "no transport");
    }
    snprintf(address, sizeof address, "127.0.0.1:%d", first_port + id);
    if (raft_init(&member, &io, &fsm, (raft_id)id, address)) die("starting", raft_errmsg(&member));
    struct raft_configuration all;
    raft_configuration_init(&all);
    for (int i = 1; i <= servers; ++i) {
        snprintf(address, sizeof address, "127.0.0.1:%d", first_port + i);
        raft_configuration_add(&all, (raft_id)i, address, RAFT_VOTER);
    }
    if (raft_bootstrap(&member, &all)) die("starting", raft_errmsg(&member));
    raft_set_snapshot_threshold(&member, 65536);
    raft_set_snapshot_trailing(&member, 16384);
    raft_set_pre_vote(&member, true);
    if (raft_start(&member)) die("starting", raft_errmsg(&member));
    uv_timer_t timer;
    uv_timer_init(&loop, &timer);
    uv_timer_start(&timer, tick, 100, 50);
    uv_run(&loop, UV_RUN_DEFAULT);
    _exit(1);
}

int main(int words, char **word) {
    if (words != 5) {
        fprintf(stderr, "usage: libraft_load DIR OUTSTANDING BYTES SECONDS\n");
        return 2;
    }
    outstanding = (unsigned)atoi(word[2]);
    bytes = (size_t)atoi(word[3]);
    seconds = atof(word[4]);
    pid_t pids[servers];
    for (int i = 0; i < servers; ++i) {
        pids[i] = fork();
        if (pids[i] == 0) serve(i + 1, word[1]);
    }
    int status = 0;
    waitpid(-1, &status, 0); /* the one that has measured, or has failed */
    for (int i = 0; i < servers; ++i) kill(pids[i], SIGKILL);
    while (waitpid(-1, NULL, 0) > 0) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
