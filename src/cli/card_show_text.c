/* card_show_text.c: a card's tree for people: calm lines, colours on a terminal only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "card_text/access_words.h"
#include "card_text/status_words.h"
#include "cli/card_show.h"
#include "cli/verbs.h"

enum {
    WIDTH_DEFAULT = 120,
    WIDTH_LEAST = 60,
    PREFIX_SIZE = 64,
    LINE_SIZE = 4096,
    COLUMN_FID = 26,
    COLUMN_SIZE = 32,
    COLUMN_SFI = 46,
    COLUMN_ACCESS = 54,
    COLUMN_MEANING = 81,
    SW_SECURITY = 0x6982
};

/* The only colours: bold for names, faint for what is technical, yellow for what is wrong. */
enum style { STYLE_PLAIN, STYLE_NAME, STYLE_FAINT, STYLE_NOTICE };

static const char *const escapes[] = {
    [STYLE_PLAIN] = "", [STYLE_NAME] = "\033[1m", [STYLE_FAINT] = "\033[2m", [STYLE_NOTICE] = "\033[33m"};

struct paper {
    bool has_colours;
    size_t width;
    size_t column; /* where the next character goes */
};

static struct paper open_paper(void)
{
    struct winsize size = {0};
    const char *terminal = getenv("TERM");
    const bool is_terminal = isatty(STDOUT_FILENO) == 1;
    struct paper paper = {.width = WIDTH_DEFAULT};
    paper.has_colours = is_terminal && getenv("NO_COLOR") == NULL && terminal != NULL && strcmp(terminal, "dumb") != 0;
    if (is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_LEAST) {
        paper.width = size.ws_col;
    }
    return paper;
}

/* Characters, not octets, of UTF-8: all that is printed here is one column wide, or nearly. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++) {
        width += (*text & 0xc0) != 0x80 ? 1 : 0;
    }
    return width;
}

static void put(struct paper *paper, enum style style, const char *text)
{
    const bool styled = paper->has_colours && style != STYLE_PLAIN && *text != '\0';
    printf("%s%s%s", styled ? escapes[style] : "", text, styled ? "\033[0m" : "");
    paper->column += width_of(text);
}

static void go_to(struct paper *paper, size_t column)
{
    do {
        put(paper, STYLE_PLAIN, " ");
    } while (paper->column < column);
}

static void end_line(struct paper *paper)
{
    putchar('\n');
    paper->column = 0;
}

/* Lines */

/* The item at *index, joined with those behind it that say the same: "read, update PIN". Moves *index past them. */
static void join_items(const struct card_content *content, size_t *index, struct text *text)
{
    const struct content_item *item = &content->items[(*index)++];
    text_put(text, item->label == NULL ? "" : item->label);
    while (item->label != NULL && *index < content->count && content->items[*index].label != NULL &&
           strcmp(content->items[*index].value, item->value) == 0) {
        text_format(text, ", %s", content->items[(*index)++].label);
    }
    text_put(text, item->label == NULL ? "" : " ");
    text_put(text, item->value);
}

/* Items side by side, as many as fit on a line; every further line begins under the first. */
static void put_items(struct paper *paper, const char *prefix, const char *head, const struct card_content *content)
{
    static const char between[] = " · ";
    char item[LINE_SIZE];
    put(paper, STYLE_FAINT, prefix);
    put(paper, STYLE_FAINT, head);
    const size_t indentation = paper->column;
    for (size_t i = 0; i < content->count;) {
        const bool is_first = i == 0;
        struct text text = text_of(item, sizeof item);
        join_items(content, &i, &text);
        if (!is_first && paper->column + width_of(between) + width_of(item) > paper->width) {
            end_line(paper);
            put(paper, STYLE_FAINT, prefix);
            go_to(paper, indentation);
        } else if (!is_first) {
            put(paper, STYLE_FAINT, between);
        }
        put(paper, STYLE_PLAIN, item);
    }
    end_line(paper);
}

static void put_note(struct paper *paper, const char *prefix, enum style style, const char *note)
{
    put(paper, STYLE_FAINT, prefix);
    put(paper, style, note);
    end_line(paper);
}

/* Files */

static void put_access(struct paper *paper, const struct card_node *node)
{
    char line[LINE_SIZE];
    struct card_content access;
    struct text text = text_of(line, sizeof line);
    card_show_add_access(node, &access);
    for (size_t i = 0; i < access.count; i++) {
        const char *label = access.items[i].label;
        if (strcmp(label, "read") == 0 || strcmp(label, "update") == 0) {
            text_format(&text, "%s%s ", text.length == 0 ? "" : ", ", label);
            text_put(&text, access.items[i].value);
        }
    }
    go_to(paper, COLUMN_ACCESS);
    put(paper, STYLE_FAINT, line);
}

static void put_size(struct paper *paper, const struct card_node *node)
{
    char size[64];
    struct text text = text_of(size, sizeof size);
    const enum file_structure structure = node->control.structure;
    if (structure == FILE_LINEAR_FIXED || structure == FILE_CYCLIC) {
        text_format(&text, "%u × %u", node->control.record_count, node->control.record_length);
        text_put(&text, structure == FILE_CYCLIC ? " cyclic" : "");
    } else {
        text_format(&text, "%zu%s", node->control.size, structure == FILE_BER_TLV ? " BER-TLV" : "");
    }
    go_to(paper, COLUMN_SIZE);
    put(paper, STYLE_FAINT, size);
}

static void put_technical(struct paper *paper, const struct card_node *node)
{
    char text[16];
    if (node->aid_length > 0) {
        char aid[2 * CARD_AID_SIZE + 8];
        struct text hex = text_of(aid, sizeof aid);
        text_put_hex(&hex, octets_of(node->aid, node->aid_length), CARD_AID_SIZE);
        go_to(paper, COLUMN_FID);
        put(paper, STYLE_FAINT, aid);
        return;
    }
    (void)snprintf(text, sizeof text, "%04X", node->control.fid);
    go_to(paper, COLUMN_FID);
    put(paper, STYLE_FAINT, text);
    if (node->control.structure == FILE_DIRECTORY || node->control.structure == FILE_UNKNOWN) {
        return;
    }
    put_size(paper, node);
    if (node->control.sfi != 0) {
        (void)snprintf(text, sizeof text, "SFI %02X", node->control.sfi);
        go_to(paper, COLUMN_SFI);
        put(paper, STYLE_FAINT, text);
    }
    put_access(paper, node);
}

static bool is_readable(const struct card_node *node)
{
    return node->sw == 0 || status_word_is_success(node->sw);
}

static size_t count_free(const struct card_node *node)
{
    size_t count = 0;
    for (size_t i = 0; i < node->part_count; i++) {
        count += card_show_is_free(node, &node->parts[i]) ? 1 : 0;
    }
    return count;
}

/* Why a file cannot be read: "needs PIN", "6A81 function not supported". */
static void put_refusal(struct text *text, const struct card_node *node)
{
    if (node->sw == SW_SECURITY && node->rule_length > 0) {
        text_put(text, "needs ");
        card_show_put_needed(text, node);
    } else {
        text_format(text, "%04X ", node->sw);
        text_put_status_word(text, node->sw, 0);
    }
}

/* What stands behind the meaning, and in which style. */
static enum style put_remark(struct text *text, const struct card_node *node)
{
    const uint8_t life_cycle = node->control.life_cycle;
    if (life_cycle != 0 && !life_cycle_is_activated(life_cycle)) {
        text_put(text, life_cycle_name(life_cycle));
        return STYLE_NOTICE;
    }
    if (!is_readable(node)) {
        put_refusal(text, node);
        return STYLE_NOTICE;
    }
    const bool is_file = node->control.structure > FILE_DIRECTORY;
    text_put(text, is_file && count_free(node) == node->part_count ? "empty" : "");
    return STYLE_FAINT;
}

/* The meaning is left out where the line would become too long, the remark never. */
static void put_meaning(struct paper *paper, const struct card_node *node)
{
    char remark[128];
    struct text text = text_of(remark, sizeof remark);
    const enum style style = put_remark(&text, node);
    const size_t width = node->meaning == NULL ? 0 : width_of(node->meaning) + 2;
    if (width > 0 && COLUMN_MEANING + width + width_of(remark) <= paper->width) {
        go_to(paper, COLUMN_MEANING);
        put(paper, STYLE_FAINT, node->meaning);
        put(paper, STYLE_FAINT, text.length > 0 ? ", " : "");
    } else if (text.length > 0) {
        go_to(paper, COLUMN_MEANING);
    }
    put(paper, style, remark);
}

static void put_head(struct paper *paper, const char *prefix, const struct card_node *node)
{
    put(paper, STYLE_FAINT, prefix);
    put(paper, STYLE_NAME, node->name == NULL ? "(no known name)" : node->name);
    put_technical(paper, node);
    put_meaning(paper, node);
    end_line(paper);
}

static void put_part(struct paper *paper, const char *prefix, const struct card_node *node,
                     const struct card_part *part)
{
    char head[32] = "";
    struct card_content content;
    const enum file_structure structure = node->control.structure;
    file_name_decode(node->file, part->octets, &content);
    if (structure == FILE_BER_TLV) {
        (void)snprintf(head, sizeof head, "%02X  %zu octets  ", (unsigned)part->number, part->length);
    } else if (structure != FILE_TRANSPARENT) {
        (void)snprintf(head, sizeof head, "%2u  ", (unsigned)part->number);
    }
    put_items(paper, prefix, head, &content);
}

/* Free records are counted; that all of them are free stands in the head. */
static void put_content(struct paper *paper, const char *prefix, const struct card_node *node)
{
    char note[32];
    const size_t free_count = count_free(node);
    for (size_t i = 0; i < node->part_count; i++) {
        if (!card_show_is_free(node, &node->parts[i])) {
            put_part(paper, prefix, node, &node->parts[i]);
        }
    }
    if (free_count > 0 && free_count < node->part_count) {
        (void)snprintf(note, sizeof note, "%2zu free", free_count);
        put_note(paper, prefix, STYLE_FAINT, note);
    }
}

static void put_node(struct paper *paper, const char *prefix, const struct card_node *node)
{
    char inner[PREFIX_SIZE];
    for (; node != NULL; node = node->next) {
        const bool is_last = node->next == NULL;
        (void)snprintf(inner, sizeof inner, "%s%s", prefix, is_last ? "└─ " : "├─ ");
        put_head(paper, inner, node);
        (void)snprintf(inner, sizeof inner, "%s%s", prefix, is_last ? "   " : "│  ");
        const size_t length = strlen(inner);
        (void)snprintf(inner + length, sizeof inner - length, "%s", node->children != NULL ? "│  " : "  ");
        put_content(paper, inner, node);
        inner[length] = '\0';
        put_node(paper, inner, node->children);
    }
}

static size_t count_locked(const struct card_node *node)
{
    size_t count = 0;
    for (; node != NULL; node = node->next) {
        count += (node->sw == SW_SECURITY ? 1 : 0) + count_locked(node->children);
    }
    return count;
}

/* PINs */

static void put_pin(struct paper *paper, const struct card_tree_pin *pin)
{
    char text[64];
    struct text name = text_of(text, sizeof text);
    text_put_key_reference(&name, pin->reference);
    put(paper, STYLE_NAME, text);
    (void)snprintf(text, sizeof text, "%02X", pin->reference);
    go_to(paper, 16);
    put(paper, STYLE_FAINT, text);
    go_to(paper, 20);
    put(paper, STYLE_PLAIN, pin->is_verified ? "verified" : pin->is_enabled ? "enabled" : "disabled");
    if (pin->is_blocked) {
        put(paper, STYLE_NOTICE, ", blocked");
    } else if (pin->tries_are_known) {
        (void)snprintf(text, sizeof text, ", %u %s left", pin->tries, pin->tries == 1 ? "try" : "tries");
        put(paper, pin->tries <= 1 ? STYLE_NOTICE : STYLE_PLAIN, text);
    }
    end_line(paper);
}

static void put_hint(struct paper *paper, const struct card_tree *tree)
{
    char hint[96];
    const size_t count = count_locked(tree->root);
    if (count == 0) {
        return;
    }
    (void)snprintf(hint, sizeof hint, "%zu %s not be read for want of a PIN or key; --pin gives the PIN.", count,
                   count == 1 ? "file could" : "files could");
    end_line(paper);
    put(paper, STYLE_FAINT, hint);
    end_line(paper);
}

bool card_show_print_text(const struct card_tree *tree, const char *card)
{
    struct paper paper = open_paper();
    put(&paper, STYLE_NAME, card);
    end_line(&paper);
    end_line(&paper);
    for (size_t i = 0; i < tree->pin_count; i++) {
        put_pin(&paper, &tree->pins[i]);
    }
    if (tree->pin_count > 0) {
        end_line(&paper);
    }
    put_head(&paper, "", tree->root);
    put_node(&paper, "", tree->root->children);
    put_hint(&paper, tree);
    const bool printed = fflush(stdout) == 0 && ferror(stdout) == 0;
    if (!printed) {
        log_error(&cli_log, "cannot write the tree: %m");
    }
    return printed;
}
