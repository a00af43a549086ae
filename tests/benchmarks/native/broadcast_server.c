/* What one thread on this machine can deliver: the yardstick for the worker.
 *
 * Speaks as much of WebSocket (RFC 6455), Engine.IO 4 and Socket.IO 5 as the sink needs to take it
 * for the real thing, and knows nothing of pads. Each line on standard input is a packet, which
 * goes to all sockets: framed once, then one send() each. There is no rev and no window to keep
 * per socket, so nothing that keeps them can be faster on sockets like these.
 *
 * Prints its port as JSON, and ends with its standard input.
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
#include <sys/timerfd.h>
#include <unistd.h>

enum { PING_SECONDS = 25, REQUEST_MAX = 2048, LINE_MAX_BYTES = 1 << 20, EVENTS = 512 };

struct client {
    int fd;
    int open; /* has sent its Socket.IO connect */
    size_t index;
    char *unsent; /* what the kernel had no room for */
    size_t unsent_len;
};

/* What epoll gives back for the descriptors that are no clients. */
static char listener_tag, input_tag, timer_tag;

static int epoll_fd;
static struct client **clients;
static size_t client_count, client_room;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* --- The handshake's answer ------------------------------------------------------------------ */

static uint32_t rotated(uint32_t x, int by)
{
    return x << by | x >> (32 - by);
}

/* SHA-1 (RFC 3174) of less than 120 bytes: a key and the GUID are 60. */
static void sha1(const char *text, size_t length, uint8_t digest[20])
{
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    uint8_t block[128] = {0};
    size_t blocks = (length + 9 + 63) / 64;
    memcpy(block, text, length);
    block[length] = 0x80;
    for (int i = 0; i < 8; i++)
        block[blocks * 64 - 1 - i] = (uint64_t)length * 8 >> 8 * i;
    for (size_t b = 0; b < blocks; b++) {
        uint32_t w[80], v[5];
        for (int i = 0; i < 16; i++) {
            const uint8_t *p = block + b * 64 + i * 4;
            w[i] = (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
        }
        for (int i = 16; i < 80; i++)
            w[i] = rotated(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        memcpy(v, h, sizeof v);
        for (int i = 0; i < 80; i++) {
            uint32_t f = i < 20   ? ((v[1] & v[2]) | (~v[1] & v[3])) + 0x5a827999
                         : i < 40 ? (v[1] ^ v[2] ^ v[3]) + 0x6ed9eba1
                         : i < 60 ? ((v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3])) + 0x8f1bbcdc
                                  : (v[1] ^ v[2] ^ v[3]) + 0xca62c1d6;
            uint32_t next = rotated(v[0], 5) + f + v[4] + w[i];
            v[4] = v[3], v[3] = v[2], v[2] = rotated(v[1], 30), v[1] = v[0], v[0] = next;
        }
        for (int i = 0; i < 5; i++)
            h[i] += v[i];
    }
    for (int i = 0; i < 20; i++)
        digest[i] = h[i / 4] >> (24 - i % 4 * 8);
}

/* Base64 (RFC 4648) of a digest: 28 characters. */
static void base64(const uint8_t digest[20], char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t padded[21] = {0};
    memcpy(padded, digest, 20);
    for (int i = 0; i < 7; i++) {
        uint32_t three = padded[i * 3] << 16 | padded[i * 3 + 1] << 8 | padded[i * 3 + 2];
        for (int j = 0; j < 4; j++)
            *out++ = digits[three >> (18 - j * 6) & 63];
    }
    out[-1] = '=';
    *out = 0;
}

/* --- Sending --------------------------------------------------------------------------------- */

/* An unmasked text frame; to be freed. */
static char *framed(const char *payload, size_t length, size_t *size)
{
    char *frame = malloc(length + 10);
    size_t at = 0;
    frame[at++] = (char)0x81;
    if (length < 126) {
        frame[at++] = (char)length;
    } else if (length < 1 << 16) {
        frame[at++] = 126;
        frame[at++] = (char)(length >> 8);
        frame[at++] = (char)length;
    } else {
        frame[at++] = 127;
        for (int i = 7; i >= 0; i--)
            frame[at++] = (char)((uint64_t)length >> 8 * i);
    }
    memcpy(frame + at, payload, length);
    *size = at + length;
    return frame;
}

static void watch(struct client *client, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = client};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, client->fd, &event);
}

static void keep(struct client *client, const char *data, size_t size)
{
    client->unsent = realloc(client->unsent, client->unsent_len + size);
    memcpy(client->unsent + client->unsent_len, data, size);
    client->unsent_len += size;
    watch(client, EPOLLIN | EPOLLOUT);
}

static void deliver(struct client *client, const char *data, size_t size)
{
    if (client->unsent_len) {
        keep(client, data, size);
        return;
    }
    ssize_t sent = send(client->fd, data, size, MSG_NOSIGNAL);
    if (sent < 0)
        sent = errno == EAGAIN ? 0 : (ssize_t)size; /* a broken one is seen when it is read */
    if ((size_t)sent < size)
        keep(client, data + sent, size - sent);
}

static void drain(struct client *client)
{
    ssize_t sent = send(client->fd, client->unsent, client->unsent_len, MSG_NOSIGNAL);
    if (sent <= 0)
        return;
    client->unsent_len -= sent;
    memmove(client->unsent, client->unsent + sent, client->unsent_len);
    if (!client->unsent_len) {
        free(client->unsent);
        client->unsent = NULL;
        watch(client, EPOLLIN);
    }
}

static void say(struct client *client, const char *text)
{
    size_t size;
    char *frame = framed(text, strlen(text), &size);
    deliver(client, frame, size);
    free(frame);
}

static void broadcast(const char *payload, size_t length)
{
    size_t size;
    char *frame = framed(payload, length, &size);
    for (size_t i = 0; i < client_count; i++)
        if (clients[i]->open)
            deliver(clients[i], frame, size);
    free(frame);
}

/* --- Clients --------------------------------------------------------------------------------- */

static void accept_clients(int listener)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct client *client = calloc(1, sizeof *client);
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (client_count == client_room) {
            client_room = client_room ? client_room * 2 : 256;
            clients = realloc(clients, client_room * sizeof *clients);
        }
        client->fd = fd;
        client->index = client_count;
        clients[client_count++] = client;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
            die("epoll_ctl");
    }
}

static void forget(struct client *client)
{
    close(client->fd);
    clients[client->index] = clients[--client_count];
    clients[client->index]->index = client->index;
    free(client->unsent);
    free(client);
}

static int upgrade(struct client *client, char *request)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[128], answer[256], accept[32];
    uint8_t digest[20];
    char *key = strcasestr(request, "\r\nSec-WebSocket-Key: ");
    if (!key || strcspn(key + 21, "\r") != 24)
        return 0;
    snprintf(text, sizeof text, "%.24s%s", key + 21, guid);
    sha1(text, strlen(text), digest);
    base64(digest, accept);
    int length = snprintf(answer, sizeof answer,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                          accept);
    deliver(client, answer, length);
    say(client, "0{\"sid\":\"yardstick\",\"upgrades\":[],\"pingInterval\":25000,"
                "\"pingTimeout\":20000,\"maxPayload\":1000000}");
    return 1;
}

/* What clients say here is short, and comes in one piece on the loopback. */
static void read_client(struct client *client)
{
    char data[REQUEST_MAX + 1];
    ssize_t got = recv(client->fd, data, REQUEST_MAX, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        forget(client);
        return;
    }
    data[got] = 0;
    if (!memcmp(data, "GET ", 4 < got ? 4 : got)) {
        if (!upgrade(client, data))
            forget(client);
        return;
    }
    for (ssize_t at = 0; at + 6 <= got;) {
        uint8_t *mask = (uint8_t *)data + at + 2;
        size_t length = data[at + 1] & 127;
        if (length > 125 || at + 6 + (ssize_t)length > got)
            break;
        char *payload = data + at + 6;
        for (size_t i = 0; i < length; i++)
            payload[i] ^= mask[i % 4];
        if (length >= 2 && !memcmp(payload, "40", 2)) {
            client->open = 1;
            say(client, "40{\"sid\":\"yardstick\"}");
        }
        at += 6 + length;
    }
}

/* --- Standard input -------------------------------------------------------------------------- */

static void read_input(void)
{
    static char line[LINE_MAX_BYTES];
    static size_t held;
    ssize_t got = read(0, line + held, sizeof line - held);
    if (got <= 0)
        exit(0);
    held += got;
    char *start = line, *end;
    while ((end = memchr(start, '\n', line + held - start))) {
        broadcast(start, end - start);
        start = end + 1;
    }
    held -= start - line;
    memmove(line, start, held);
    if (held == sizeof line) {
        fprintf(stderr, "a packet is longer than %d bytes\n", LINE_MAX_BYTES);
        exit(1);
    }
}

static int listening(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) || listen(fd, 4096) ||
        getsockname(fd, (struct sockaddr *)&address, &size))
        die("listen");
    printf("{\"port\":%d}\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);

    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    int listener = listening();
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct itimerspec interval = {{PING_SECONDS, 0}, {PING_SECONDS, 0}};
    timerfd_settime(timer, 0, &interval, NULL);
    int fds[] = {listener, 0, timer};
    void *tags[] = {&listener_tag, &input_tag, &timer_tag};
    for (int i = 0; i < 3; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = tags[i]};
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fds[i], &event))
            die("epoll_ctl");
    }
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(epoll_fd, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            void *tag = events[i].data.ptr;
            if (tag == &listener_tag) {
                accept_clients(listener);
            } else if (tag == &input_tag) {
                read_input();
            } else if (tag == &timer_tag) {
                uint64_t times;
                if (read(timer, &times, sizeof times) == sizeof times)
                    broadcast("2", 1);
            } else {
                if (events[i].events & EPOLLOUT)
                    drain(tag);
                if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                    read_client(tag);
            }
        }
    }
}
