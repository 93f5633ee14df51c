"""What the records model learns from: prompts for a text field, each with a text that fits.

A third of the texts was written one by one, each for its record; the others are put together from
sentences that were written about 330 products, 230 jobs and 260 matters of an office.

    python -m recipes.records_data      # prints a few examples
"""

from __future__ import annotations

import functools
import json
import random
import re
from collections.abc import Iterator
from typing import Any

from recipes.chat_dialogues import with_article
from recipes.files import DATA, read
from recipes.files import lines as read_lines
from recipes.noise import invented

Example = tuple[str, str]
PERIODS = ("spring", "the first quarter", "the second half of the year", "May", "October")
#: Share of the texts that were written one by one.
WRITTEN = 0.4


@functools.cache
def rows(name: str) -> list[dict[str, Any]]:
    """Return the rows of recipes/data/records_NAME.jsonl."""
    return read_lines(DATA / f"records_{name}.jsonl")


class Writer:
    """Writes examples: a prompt of hflab.records and the text that is to come."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.frames = read("records_frames")
        self.words = read("words")
        self.products, self.jobs = rows("products"), rows("jobs")
        self.office = {
            kind: [row for row in rows("office") if row["kind"] == kind]
            for kind in ("merchant", "budget", "matter", "report")
        }
        self.kinds = [
            self.description,
            self.review,
            self.review,
            self.customer,
            self.job,
            self.resume,
            self.interview,
            self.campaign,
            self.post,
            self.email,
            self.transaction,
            self.budget,
            self.report,
        ]

    # -- parts -------------------------------------------------------------------------------

    def one(self, *choices: Any) -> Any:
        """Choose from the arguments."""
        return self.rng.choice(choices)

    def name(self) -> str:
        """Return a person's name, first or whole; now and then one that nobody has seen."""
        rng = self.rng
        first = rng.choice(self.words["first_names"])
        last = rng.choice(self.words["last_names"])
        if rng.random() < 0.2:
            first, last = invented(rng), invented(rng)
        return first if rng.random() < 0.35 else f"{first} {last}"

    def company(self) -> str:
        """Return the name of a company."""
        rng = self.rng
        word = invented(rng) if rng.random() < 0.5 else rng.choice(self.words["last_names"])
        return f"{word}{rng.choice(self.frames['company_ends'])}"

    def city(self) -> str:
        """Return a town."""
        return (
            invented(self.rng) if self.rng.random() < 0.2 else self.rng.choice(self.words["cities"])
        )

    def date(self) -> str:
        """Return a day, as in 2026-03-09."""
        rng = self.rng
        return f"{rng.randint(2022, 2027)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"

    def amount(self, low: float = 3, high: float = 900) -> float:
        """Return a sum of money."""
        return round(low * (high / low) ** self.rng.random(), self.one(0, 1, 2, 2)) or 5

    def fill(self, frame: str, slots: dict[str, Any]) -> str:
        """Fill a frame, and write its first letter large."""
        text = frame.format_map(slots)
        text = re.sub(r"\b([Aa]) (?=[aeiouAEIOU])", r"\1n ", text)
        return text[:1].upper() + text[1:]

    def some(self, name: str, slots: dict[str, Any]) -> str:
        """Draw a frame of a list whose slots are all there, and fill it."""
        fitting = [
            frame
            for frame in self.frames[name]
            if all(slots.get(slot) is not None for slot in re.findall(r"\{(\w+)", frame))
        ]
        return self.fill(self.rng.choice(fitting), slots)

    # -- one example -------------------------------------------------------------------------

    def example(self) -> Example:
        """Return a prompt and the text."""
        rng = self.rng
        if rng.random() < WRITTEN:
            kind, fields, key, text = self.written()
        else:
            kind, fields, key, text = rng.choice(self.kinds)()
            fields = self.around(fields)
        table = self.frames["kinds"].get(kind, {})
        about = rng.choice(table.get("about", [""])) if rng.random() < 0.7 else ""
        said = rng.choice([*table.get("descriptions", []), kind[0].upper() + kind[1:] + "s."])
        said = "Records." if rng.random() < 0.06 else said
        ask = f'Write "{key}" in JSON' + (f": {about}." if about else ".")
        prompt = f"{said}\n{json.dumps(fields, ensure_ascii=False)}\n{ask}"
        return prompt, json.dumps(text, ensure_ascii=False)

    def around(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Add fields that do not matter, drop unneeded ones, and vary their order."""
        rng = self.rng
        found = {k: v for k, v in fields.items() if v is not None}
        extra = {
            "id": self.one(
                rng.randint(1, 99_999), f"{invented(rng)[:2].upper()}-{rng.randint(100, 9999)}"
            ),
            "date": self.date(),
            "email": f"{invented(rng, False)}@example.com",
            "in_stock": rng.random() < 0.7,
            "country": self.one("France", "Kenya", "Brazil", "Japan"),
            "language": "en",
            "quantity": rng.randint(1, 12),
            "verified": rng.random() < 0.5,
            "status": self.one("new", "open", "done", "paid"),
            "color": rng.choice(self.words["colors"]),
        }
        for key in rng.sample(sorted(extra), rng.choice((0, 0, 1, 1, 2, 3))):
            found.setdefault(key, extra[key])
        keys = list(found)
        if rng.random() < 0.5:
            rng.shuffle(keys)
        return {key: found[key] for key in keys}

    def key(self, kind: str) -> str:
        """Return a name for the text field."""
        return str(self.rng.choice(self.frames["kinds"][kind]["keys"]))

    def written(self) -> tuple[str, dict[str, Any], str, str]:
        """Take a text that was written for its record, with other names and numbers."""
        rng = self.rng
        row = rng.choice(rows("written"))
        fields, text = dict(row["fields"]), row["text"]
        if rng.random() < 0.75:
            for key, value in fields.items():
                other = self.other(key, value, text)
                if other is not None:
                    text = re.sub(rf"(?<!\w){re.escape(str(value))}(?!\w)", str(other), text)
                    fields[key] = other
        if rng.random() < 0.3:
            fields = self.around(fields)
        return row["kind"], fields, self.key(row["kind"]), text

    def other(self, key: str, value: Any, text: str) -> Any:
        """Return another value for a field that may be exchanged; None if it must stay."""
        rng = self.rng
        if isinstance(value, bool) or value is None or isinstance(value, list | dict):
            return None
        if isinstance(value, int | float):
            if "rating" in key or "star" in key or "percent" in key or value < 3:
                return None
            words = re.search(rf"(?<!\w){re.escape(str(value))}(?!\w)", text)
            change = value * rng.uniform(0.6, 1.7)
            return (
                (max(2, round(change)) if isinstance(value, int) else round(change, 2))
                if words
                else None
            )
        if not value[:1].isupper() or len(value.split()) > 3 or not re.search(r"[A-Z]\w+$", value):
            return None
        if re.search("name|from|to$|customer|reviewer|candidate|author|person|owner|guest", key):
            made = self.name()
            # First name for first name, so that the text's short forms fit.
            return made.split(" ")[0] if " " not in value else None
        if re.search("city|town|place|location", key):
            return self.city()
        if re.search("brand|company|shop|merchant|page|employer|store|maker", key):
            return self.company() if " " not in value else None
        return None

    # -- the twelve kinds --------------------------------------------------------------------

    def thing(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a product of the lists, and slots for frames."""
        rng = self.rng
        row = rng.choice(self.products)
        good, bad = rng.sample(row["good"], 2), rng.sample(row["bad"], 2)
        slots = {
            "product": row["product"],
            "a_product": with_article(row["product"]),
            "is": row["is"],
            "part": rng.choice(row["parts"]),
            "use": rng.choice(row["use"]),
            "good": good[0],
            "good2": good[1],
            "bad": bad[0],
            "bad2": bad[1],
            "for": row["for"],
            "line": row["line"],
            "feature": rng.choice(row["features"]),
            "brand": self.one(None, self.company()),
            "price": self.one(None, None, self.amount(4, 300)),
            "name": self.name(),
            "city": self.city(),
            "category": row["category"],
        }
        features = rng.sample(row["features"], 2)
        slots["feature"], slots["feature2"] = features
        slots["low_good"] = good[0][0].lower() + good[0][1:].rstrip(".")
        slots["low_bad"] = bad[0][0].lower() + bad[0][1:].rstrip(".")
        return row, slots

    def product_fields(self, slots: dict[str, Any]) -> dict[str, Any]:
        """Return the record of a product; the product's own name under one of several keys."""
        key = self.one("product", "product", "name", "item", "title", "product_name")
        return {
            key: slots["product"],
            "brand": slots["brand"],
            "price": slots["price"],
            "category": self.one(None, slots["category"]),
        }

    def description(self) -> tuple[str, dict[str, Any], str, str]:
        _, slots = self.thing()
        fields = self.product_fields(slots)
        if self.rng.random() < 0.3:
            fields["features"] = [slots["feature"], slots["feature2"]]
        text = self.some("description", slots)
        if self.rng.random() < 0.5:
            text += " " + self.some("description_more", slots)
        return "product description", fields, self.key("product description"), text

    def review(self) -> tuple[str, dict[str, Any], str, str]:
        rng = self.rng
        _, slots = self.thing()
        rating = rng.randint(1, 5)
        tone = "bad" if rating < 3 else "mixed" if rating == 3 else "good"
        if rng.random() < 0.12:
            key, text = (
                self.one("title", "headline", "summary"),
                self.some(f"review_title_{tone}", slots),
            )
        else:
            key = self.key("product review")
            parts = [self.some(f"review_{tone}", slots)]
            if rng.random() < 0.4:
                parts.insert(0, self.some("review_open", slots))
            if rng.random() < 0.4:
                parts.append(self.some(f"review_end_{tone}", slots))
            text = " ".join(parts)
        fields = self.product_fields(slots)
        fields[self.one("rating", "rating", "stars", "score")] = rating
        fields[self.one("reviewer", "customer", "author", "name_of_reviewer")] = self.one(
            None, slots["name"]
        )
        return "product review", fields, key, text

    def customer(self) -> tuple[str, dict[str, Any], str, str]:
        rng = self.rng
        _, slots = self.thing()
        slots |= {"since": rng.randint(2009, 2026), "orders": rng.randint(2, 80)}
        fields = {
            self.one("name", "customer", "full_name"): slots["name"],
            "city": self.one(None, slots["city"]),
            self.one("since", "customer_since"): slots["since"],
            "orders": slots["orders"],
            self.one("last_product", "product", "favorite_product", "last_order"): slots["product"],
        }
        return "customer note", fields, self.key("customer note"), self.some("customer", slots)

    def work(self) -> dict[str, Any]:
        """Return slots for frames on a job."""
        rng = self.rng
        row = rng.choice(self.jobs)
        duties, skills, did = (rng.sample(row[k], 2) for k in ("duties", "skills", "did"))
        return {
            "job": row["job"],
            "a_job": with_article(row["job"]),
            "field": row["field"],
            "duty": duties[0],
            "duty2": duties[1],
            "skill": skills[0],
            "skill2": skills[1],
            "did": did[0],
            "did2": did[1],
            "offer": rng.choice(row["offers"]),
            "where": row["where"],
            "question": rng.choice(row["questions"]),
            "company": self.company(),
            "city": self.city(),
            "years": rng.randint(2, 25),
            "name": self.name(),
        }

    def job(self) -> tuple[str, dict[str, Any], str, str]:
        slots = self.work()
        fields = {
            self.one("title", "job", "job_title", "position"): slots["job"],
            "company": self.one(None, slots["company"]),
            "city": self.one(None, slots["city"]),
            self.one("experience_years", "years"): self.one(None, slots["years"]),
            "salary": self.one(None, self.rng.randrange(24, 120) * 1000),
        }
        slots |= {k: None for k in ("company", "city") if fields[k] is None}
        if not any(slots["years"] == v for k, v in fields.items() if "year" in k):
            slots["years"] = None
        text = self.some("job", slots)
        if self.rng.random() < 0.6:
            text += " " + self.some("job_more", slots)
        return "job posting", fields, self.key("job posting"), text

    def resume(self) -> tuple[str, dict[str, Any], str, str]:
        slots = self.work()
        fields = {
            self.one("name", "candidate"): slots["name"],
            self.one("profession", "job", "title", "role"): slots["job"],
            self.one("years", "experience_years", "years_of_experience"): slots["years"],
            "skills": self.one(None, [slots["skill"], slots["skill2"]]),
        }
        return "resume summary", fields, self.key("resume summary"), self.some("resume", slots)

    def interview(self) -> tuple[str, dict[str, Any], str, str]:
        slots = self.work()
        fields = {
            self.one("job", "position", "role", "title"): slots["job"],
            "level": self.one(None, "junior", "senior"),
            "minutes": self.one(None, 5, 10, 15),
        }
        text = slots["question"] if self.rng.random() < 0.6 else self.some("interview", slots)
        return "interview question", fields, self.key("interview question"), text

    def campaign(self) -> tuple[str, dict[str, Any], str, str]:
        rng = self.rng
        _, slots = self.thing()
        slots["company"] = self.company()
        slots["discount"] = self.one(None, rng.randrange(5, 60, 5))
        fields = {
            "product": slots["product"],
            self.one("company", "brand"): slots["company"],
            "audience": self.one(None, slots["for"]),
            "discount_percent": slots["discount"],
            "channel": self.one(None, "e-mail", "poster", "radio", "newsletter"),
        }
        short = rng.random() < 0.3
        text = slots["line"] if short else self.some("campaign", slots)
        key = self.one("headline", "slogan", "copy") if short else self.key("campaign copy")
        return "campaign copy", fields, key, text

    def matter(self) -> dict[str, Any]:
        """Return slots for frames on a matter of an office."""
        rng = self.rng
        row = rng.choice(self.office["matter"])
        first, second = self.name(), self.name()
        return {
            "matter": row["matter"],
            "ask": rng.choice(row["ask"]),
            "tell": rng.choice(row["tell"]),
            "event": rng.choice(row["event"]),
            "first": first,
            "second": second,
            "first_short": first.split()[0],
            "second_short": second.split()[0],
            "company": self.company(),
            "city": self.city(),
        }

    def post(self) -> tuple[str, dict[str, Any], str, str]:
        rng = self.rng
        platform = self.one(None, "Mastodon", "Instagram", "LinkedIn", "Facebook")
        if rng.random() < 0.5:
            slots = self.matter()
            fields = {"page": slots["company"], self.one("topic", "subject"): slots["matter"]}
            text = self.some("post_matter", slots)
        else:
            _, slots = self.thing()
            slots["company"] = self.company()
            fields = {"page": slots["company"], self.one("topic", "product"): slots["product"]}
            text = self.some("post_product", slots)
        return (
            "social media post",
            {"platform": platform, **fields},
            self.key("social media post"),
            text,
        )

    def email(self) -> tuple[str, dict[str, Any], str, str]:
        slots = self.matter()
        fields = {
            self.one("from", "sender"): slots["first"],
            self.one("to", "recipient"): slots["second"],
            self.one("subject", "topic", "about"): slots["matter"],
        }
        return "e-mail", fields, self.key("e-mail"), self.some("email", slots)

    def transaction(self) -> tuple[str, dict[str, Any], str, str]:
        rng = self.rng
        row = rng.choice(self.office["merchant"])
        merchant = row["merchant"]
        if rng.random() < 0.6:
            merchant = f"{self.one(self.name().split()[-1], self.city())} {merchant.title()}"
        bought = rng.sample(row["bought"], 2)
        slots = {
            "merchant": merchant,
            "bought": bought[0],
            "bought2": bought[1],
            "why": rng.choice(row["why"]),
            "amount": self.amount(2, 400),
        }
        fields = {
            self.one("merchant", "payee", "shop"): merchant,
            "amount": slots["amount"],
            "category": self.one(None, row["category"]),
            "currency": self.one(None, "EUR", "USD"),
        }
        return (
            "transaction memo",
            fields,
            self.key("transaction memo"),
            self.some("transaction", slots),
        )

    def budget(self) -> tuple[str, dict[str, Any], str, str]:
        rng = self.rng
        row = rng.choice(self.office["budget"])
        planned = rng.randrange(5, 400) * 100
        side = self.one("over", "under", "even")
        factor = {"over": rng.uniform(1.1, 1.6), "under": rng.uniform(0.5, 0.9), "even": 1.0}[side]
        actual = round(planned * factor)
        slots = {
            "line": row["line"],
            "department": row["department"],
            "planned": planned,
            "actual": actual,
            "gap": abs(actual - planned),
            "reason": rng.choice(row[side]),
        }
        fields = {
            self.one("department", "team"): row["department"],
            self.one("item", "line", "position"): row["line"],
            self.one("planned", "budget"): planned,
            self.one("actual", "spent"): actual,
        }
        return (
            "budget comment",
            fields,
            self.key("budget comment"),
            self.some(f"budget_{side}", slots),
        )

    def report(self) -> tuple[str, dict[str, Any], str, str]:
        rng = self.rng
        row = rng.choice(self.office["report"])
        change = rng.choice([1, -1]) * rng.randint(1, 45)
        slots = {
            "topic": row["topic"],
            "change": abs(change),
            "next": rng.choice(row["next"]),
            "reason": rng.choice(row["up" if change > 0 else "down"]),
            "period": self.one(str(rng.randint(2021, 2026)), rng.choice(PERIODS)),
        }
        fields = {
            self.one("topic", "title", "subject"): row["topic"],
            "period": slots["period"],
            self.one("change_percent", "change", "growth_percent"): change,
        }
        name = "report_up" if change > 0 else "report_down"
        return "report summary", fields, self.key("report summary"), self.some(name, slots)

    def examples(self) -> Iterator[Example]:
        """Yield examples for ever."""
        while True:
            yield self.example()


if __name__ == "__main__":
    writer = Writer(0)
    for _ in range(12):
        print(*writer.example(), sep="\n", end="\n\n")
