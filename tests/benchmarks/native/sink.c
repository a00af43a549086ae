/* Thousands of clients in one thread, that do as little as a client can: the load of the benchmarks.
 *
 *     sink PORT PATH SOCKETS_PER_PAD NAP [deflate]
 *
 * Each opens a WebSocket (RFC 6455), connects by Socket.IO and, if there is a `ready` packet, joins
 * a pad with it. What arrives is not decoded: frame headers are read, and each message searched for
 * `"newRev":`, which must always be the next one for this socket (else it counts as a gap).
 *
 * With `deflate` each offers permessage-deflate with context takeover, and inflates what comes so.
 *
 * It naps for NAP microseconds before it looks for more. On the loopback, a send() to a process that
 * waits for it wakes that process at the sender's expense, which here made a message cost up to half
 * as much again: most for the server that leaves the sink time to fall asleep after each. A server
 * whose clients are on other machines pays nothing like it.
 *
 * Orders come by standard input, one a line; it ends with it. Each is answered by one line of JSON
 * with all counts, once it has been carried out:
 *
 *     target PORT         the server's port from now on
 *     ready TEMPLATE      what to send when connected; %n is the socket's number, %p its pad's
 *                         number, %r the revision that it has
 *     open COUNT AT_ONCE  so many more sockets, so many of them in their handshake at a time
 *     drop                breaks all connections off, as a network does
 *     reopen REV AT_ONCE  opens those again; each has arrived when it has REV
 *     wait-rev REV        until all sockets have it
 *     stall, resume       stop reading, read on
 *     report              the counts at once, also in the middle of another order
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum {
    EVENTS = 512,
    READ_BYTES = 1 << 18,
    LINE_BYTES = 8192,
    PAYLOAD_MAX = 16 << 20, /* longer than any server here may send */
    RETRY_MS = 200,
};

enum state { CLOSED, CONNECTING, UPGRADING, OPENING, JOINING, LIVE };

struct client {
    int fd;
    enum state state;
    int rev;
    char *rest; /* the beginning of what has not come in whole */
    size_t rest_len;
    z_stream *inflater; /* from the first deflated message on */
};

static struct client *clients;
static size_t client_count;
static size_t live;       /* in state LIVE */
static size_t handshakes; /* between CLOSED and LIVE */
static size_t at_once = 1;
static int stalled;

static size_t *waiting; /* to be opened: a stack */
static size_t waiting_len;
static size_t *failed; /* to be opened after a pause */
static size_t failed_len;
static double retry_at;

static int epoll_fd, port, per_pad;
static const char *path;
static int deflate_offered;
static char ready[LINE_BYTES];
static int resume_rev = -1; /* >= 0: who opens has arrived with this rev, not with CLIENT_VARS */

static char order[32];  /* under way */
static double order_began;
static int wanted_rev;
static size_t behind; /* live sockets without wanted_rev, while that is waited for */

static struct {
    unsigned long long events, changes, revisions, bytes, change_bytes, gaps;
    unsigned long long pings, acks, failures, closed, turned_away;
} counts;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void report(const char *done)
{
    printf("{\"done\":\"%s\",\"seconds\":%.6f,\"sockets\":%zu,\"live\":%zu,\"handshakes\":%zu,"
           "\"behind\":%zu,\"events\":%llu,\"changes\":%llu,\"revisions\":%llu,\"bytes\":%llu,"
           "\"change_bytes\":%llu,\"gaps\":%llu,\"pings\":%llu,\"acks\":%llu,\"failures\":%llu,"
           "\"closed\":%llu,\"turned_away\":%llu}\n",
           done, now() - order_began, client_count, live, handshakes, behind, counts.events,
           counts.changes, counts.revisions, counts.bytes, counts.change_bytes, counts.gaps,
           counts.pings, counts.acks, counts.failures, counts.closed, counts.turned_away);
    fflush(stdout);
}

static void finish_order(void)
{
    report(order);
    order[0] = 0;
}

/* --- One socket ------------------------------------------------------------------------------ */

static void watch(struct client *client, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = client - clients};
    epoll_ctl(epoll_fd, operation, client->fd, &event);
}

/* A frame of the client's, which has to be masked. A mask of zeros is one. */
static int say(struct client *client, const char *text, size_t length)
{
    static char frame[LINE_BYTES + 16];
    size_t at = 0;
    frame[at++] = (char)0x81;
    if (length < 126) {
        frame[at++] = (char)(0x80 | length);
    } else {
        frame[at++] = (char)(0x80 | 126);
        frame[at++] = (char)(length >> 8);
        frame[at++] = (char)length;
    }
    memset(frame + at, 0, 4);
    memcpy(frame + at + 4, text, length);
    at += 4 + length;
    return send(client->fd, frame, at, MSG_NOSIGNAL) == (ssize_t)at;
}

static void shut(struct client *client)
{
    if (client->state == LIVE) {
        live--;
        if (client->rev < wanted_rev && behind)
            behind--;
    } else if (client->state != CLOSED) {
        handshakes--;
    }
    close(client->fd);
    free(client->rest);
    client->rest = NULL;
    client->rest_len = 0;
    if (client->inflater) {
        inflateEnd(client->inflater);
        free(client->inflater);
        client->inflater = NULL;
    }
    client->state = CLOSED;
}

/* The connection has ended from the other side. Clients come again; one that had arrived does not,
 * so that it is missed at the end. */
static void lost(struct client *client)
{
    if (client->state == LIVE) {
        counts.closed++;
    } else {
        counts.failures++;
        failed[failed_len++] = client - clients;
        retry_at = now() + RETRY_MS / 1e3;
    }
    shut(client);
}

static void start(struct client *client)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0) {
        perror("socket");
        exit(1);
    }
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    client->state = CONNECTING;
    handshakes++;
    watch(client, EPOLL_CTL_ADD, EPOLLOUT);
    if (connect(client->fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS)
        lost(client);
}

static void connected(struct client *client)
{
    char request[1024];
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        lost(client);
        return;
    }
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
                          path, port,
                          deflate_offered ? "Sec-WebSocket-Extensions: permessage-deflate; "
                                            "server_max_window_bits=12\r\n"
                                          : "");
    if (send(client->fd, request, length, MSG_NOSIGNAL) != length) {
        lost(client);
        return;
    }
    client->state = UPGRADING;
    watch(client, EPOLL_CTL_MOD, EPOLLIN);
}

static void arrived(struct client *client)
{
    client->state = LIVE;
    handshakes--;
    live++;
    if (client->rev < wanted_rev)
        behind++;
}

static int say_ready(struct client *client)
{
    static char text[LINE_BYTES];
    size_t number = client - clients, at = 0;
    for (const char *from = ready; *from && at < sizeof text - 24; from++) {
        if (*from != '%') {
            text[at++] = *from;
            continue;
        }
        switch (*++from) {
        case 'n': at += sprintf(text + at, "%zu", number); break;
        case 'p': at += sprintf(text + at, "%zu", number / per_pad); break;
        case 'r': at += sprintf(text + at, "%d", client->rev); break;
        default: from--; text[at++] = '%';
        }
    }
    return say(client, text, at);
}

/* --- What comes ------------------------------------------------------------------------------ */

static void has_rev(struct client *client, int rev)
{
    if (client->state == LIVE && client->rev < wanted_rev && rev >= wanted_rev && behind)
        behind--;
    client->rev = rev;
}

static int number_after(const char *at, const char *end)
{
    int number = 0;
    while (at < end && *at >= '0' && *at <= '9')
        number = number * 10 + *at++ - '0';
    return number;
}

static void read_event(struct client *client, const char *text, const char *end, size_t frame_size)
{
    static const char key[] = "\"newRev\":", variables[] = "\"type\":\"CLIENT_VARS\"";
    const char *body = text + 2;
    counts.events++;
    if (*body != '[') { /* it asks for an acknowledgement: digits before the array */
        char answer[32];
        int length = snprintf(answer, sizeof answer, "43%d[]", number_after(body, end));
        counts.acks++;
        say(client, answer, length);
    }
    size_t head = end - text < 80 ? end - text : 80;
    if (memmem(text, head, variables, sizeof variables - 1)) {
        static const char rev_key[] = "\"rev\":";
        const char *at = memmem(text, end - text, rev_key, sizeof rev_key - 1);
        if (at)
            has_rev(client, number_after(at + sizeof rev_key - 1, end));
        if (client->state == JOINING && resume_rev < 0)
            arrived(client);
        return;
    }
    const char *at = text;
    int found = 0;
    while ((at = memmem(at, end - at, key, sizeof key - 1))) {
        at += sizeof key - 1;
        int rev = number_after(at, end);
        /* An answer that nothing was missed names the revision that the client has. */
        int nothing_new = rev == client->rev && memmem(text, end - text, "\"noChanges\"", 11);
        if (client->rev >= 0 && rev != client->rev + 1 && !nothing_new)
            counts.gaps++;
        found += !nothing_new;
        has_rev(client, rev);
    }
    if (found) {
        counts.changes++;
        counts.revisions += found;
        counts.change_bytes += frame_size;
    }
    if (client->state == JOINING && resume_rev >= 0 && client->rev >= resume_rev)
        arrived(client);
    if (memmem(text, head, "{\"disconnect\":", 14) || memmem(text, head, "{\"accessStatus\":", 16))
        counts.turned_away++;
}

/* False: the connection is of no use any more. */
static int read_packet(struct client *client, const char *text, const char *end, size_t frame_size)
{
    if (text == end)
        return 1;
    switch (*text) {
    case '0':
        return say(client, "40", 2);
    case '1':
        return 0;
    case '2':
        counts.pings++;
        return say(client, "3", 1);
    case '4':
        if (end - text > 2 && text[1] == '2') {
            read_event(client, text, end, frame_size);
        } else if (text[1] == '0' && client->state == OPENING) {
            client->state = JOINING;
            if (!ready[0])
                arrived(client);
            else
                return say_ready(client);
        } else if (text[1] == '1' || text[1] == '4') {
            return 0;
        }
    }
    return 1;
}

/* A message that came deflated (RFC 7692), with what the ones before it have left in the window.
 * NULL: it cannot be inflated. */
static const char *inflated(struct client *client, const char *data, size_t size, size_t *length)
{
    static char text[1 << 20];
    static const char tail[] = {0, 0, (char)0xff, (char)0xff};
    if (!client->inflater) {
        client->inflater = calloc(1, sizeof *client->inflater);
        if (inflateInit2(client->inflater, -12) != Z_OK)
            return NULL;
    }
    z_stream *stream = client->inflater;
    stream->next_out = (Bytef *)text;
    stream->avail_out = sizeof text;
    for (int part = 0; part < 2; part++) {
        stream->next_in = (Bytef *)(part ? tail : data);
        stream->avail_in = part ? sizeof tail : size;
        int status = inflate(stream, Z_SYNC_FLUSH);
        if ((status != Z_OK && status != Z_BUF_ERROR) || stream->avail_in)
            return NULL;
    }
    *length = sizeof text - stream->avail_out;
    return text;
}

/* Takes whole frames; returns how much of the data they were, or -1 if the connection has ended. */
static ssize_t read_frames(struct client *client, const char *data, size_t length)
{
    size_t at = 0;
    if (client->state == UPGRADING) {
        const char *end = memmem(data, length, "\r\n\r\n", 4);
        if (!end)
            return 0;
        if (length < 12 || memcmp(data + 9, "101", 3))
            return -1;
        at = end + 4 - data;
        client->state = OPENING;
    }
    while (length - at >= 2) {
        const uint8_t *head = (const uint8_t *)data + at;
        uint64_t size = head[1] & 127;
        size_t header = size < 126 ? 2 : size == 126 ? 4 : 10;
        if (length - at < header)
            break;
        if (header == 4)
            size = head[2] << 8 | head[3];
        else if (header == 10)
            for (int i = size = 0; i < 8; i++)
                size = size << 8 | head[2 + i];
        if (size > PAYLOAD_MAX)
            return -1;
        if (length - at - header < size)
            break;
        const char *text = data + at + header;
        int opcode = head[0] & 15;
        size_t text_size = size;
        if (head[0] & 64 && !(text = inflated(client, text, size, &text_size)))
            return -1;
        if (opcode == 8 ||
            (opcode == 1 && !read_packet(client, text, text + text_size, header + size)))
            return -1;
        at += header + size;
    }
    return at;
}

static void read_client(struct client *client)
{
    static char data[READ_BYTES];
    ssize_t got = recv(client->fd, data, sizeof data, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        lost(client);
        return;
    }
    counts.bytes += got;
    char *from = data;
    size_t length = got;
    if (client->rest_len) {
        client->rest = realloc(client->rest, client->rest_len + got);
        memcpy(client->rest + client->rest_len, data, got);
        from = client->rest;
        length = client->rest_len += got;
    }
    ssize_t taken = read_frames(client, from, length);
    if (taken < 0) {
        lost(client);
        return;
    }
    size_t left = length - taken;
    if (from != data) {
        memmove(client->rest, client->rest + taken, left);
    } else if (left) {
        client->rest = malloc(left);
        memcpy(client->rest, data + taken, left);
    }
    client->rest_len = left;
    if (!left) {
        free(client->rest);
        client->rest = NULL;
    }
}

/* --- Orders ---------------------------------------------------------------------------------- */

static void open_more(size_t count)
{
    size_t total = client_count + count;
    clients = realloc(clients, total * sizeof *clients);
    waiting = realloc(waiting, total * sizeof *waiting);
    failed = realloc(failed, total * sizeof *failed);
    /* The one with the lowest number is opened first. */
    for (size_t i = total; i-- > client_count;)
        waiting[waiting_len++] = i;
    memset(clients + client_count, 0, count * sizeof *clients);
    for (; client_count < total; client_count++)
        clients[client_count].rev = -1;
}

/* By a reset: the port is free at once, and the next ten thousand do not run out of them. */
static void drop_all(void)
{
    struct linger reset = {1, 0};
    for (size_t i = 0; i < client_count; i++) {
        if (clients[i].state == CLOSED)
            continue;
        setsockopt(clients[i].fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        shut(clients + i);
    }
}

static void read_or_not(int off)
{
    stalled = off;
    for (size_t i = 0; i < client_count; i++)
        if (clients[i].state == LIVE)
            watch(clients + i, EPOLL_CTL_MOD, off ? 0 : EPOLLIN);
}

static void wait_for(int rev)
{
    wanted_rev = rev;
    behind = 0;
    for (size_t i = 0; i < client_count; i++)
        behind += clients[i].state == LIVE && clients[i].rev < rev;
}

static void obey(char *line)
{
    char name[16] = "";
    int first = 0, second = 0, used = 0;
    sscanf(line, "%15s%n %d %d", name, &used, &first, &second);
    if (!strcmp(name, "report")) {
        report(name);
        return;
    }
    if (order[0]) {
        fprintf(stderr, "%s: %s is still under way\n", name, order);
        exit(1);
    }
    strcpy(order, name);
    order_began = now();
    if (!strcmp(name, "wait-rev")) {
        wait_for(first);
    } else if (!strcmp(name, "open")) {
        at_once = second;
        resume_rev = -1;
        open_more(first);
    } else if (!strcmp(name, "reopen")) {
        at_once = second;
        resume_rev = first;
        for (size_t i = client_count; i-- > 0;)
            if (clients[i].state == CLOSED)
                waiting[waiting_len++] = i;
    } else {
        if (!strcmp(name, "target"))
            port = first;
        else if (!strcmp(name, "ready"))
            strcpy(ready, line + used + (line[used] == ' '));
        else if (!strcmp(name, "drop"))
            drop_all();
        else if (!strcmp(name, "stall") || !strcmp(name, "resume"))
            read_or_not(name[0] == 's');
        else {
            fprintf(stderr, "there is no order %s\n", name);
            exit(1);
        }
        finish_order();
    }
}

static void read_input(void)
{
    static char line[LINE_BYTES];
    static size_t held;
    ssize_t got = read(0, line + held, sizeof line - held);
    if (got <= 0)
        exit(0);
    held += got;
    char *begin = line, *end;
    while ((end = memchr(begin, '\n', line + held - begin))) {
        *end = 0;
        obey(begin);
        begin = end + 1;
    }
    held -= begin - line;
    memmove(line, begin, held);
    if (held == sizeof line) {
        fprintf(stderr, "an order is longer than %d bytes\n", LINE_BYTES);
        exit(1);
    }
}

/* What is due and what has been reached. */
static void carry_on(void)
{
    if (failed_len && now() >= retry_at) {
        while (failed_len)
            waiting[waiting_len++] = failed[--failed_len];
    }
    while (waiting_len && handshakes < at_once)
        start(clients + waiting[--waiting_len]);
    if (!strcmp(order, "wait-rev") ? behind == 0
        : !strcmp(order, "open") || !strcmp(order, "reopen")
            ? !waiting_len && !failed_len && !handshakes
            : 0)
        finish_order();
}

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 6) {
        fprintf(stderr, "usage: sink PORT PATH SOCKETS_PER_PAD NAP [deflate]\n");
        return 2;
    }
    port = atoi(argv[1]);
    path = argv[2];
    per_pad = atoi(argv[3]);
    useconds_t nap = atoi(argv[4]);
    deflate_offered = argc == 6 && !strcmp(argv[5], "deflate");
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);

    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event input = {.events = EPOLLIN, .data.u64 = UINT64_MAX};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &input);
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(epoll_fd, events, EVENTS, failed_len ? RETRY_MS / 4 : -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.u64 == UINT64_MAX) {
                read_input();
                continue;
            }
            struct client *client = clients + events[i].data.u64;
            if (client->state == CONNECTING)
                connected(client);
            else if (client->state != CLOSED && (!stalled || events[i].events & ~EPOLLIN))
                read_client(client);
        }
        if (order[0] || failed_len)
            carry_on();
        if (nap)
            usleep(nap);
    }
}
