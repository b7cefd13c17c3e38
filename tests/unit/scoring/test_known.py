"""What is known is filled in; what was verified is shown and not asked again."""

from datetime import date

from bot.scoring.known import known, remaining
from bot.scoring.library import questionnaire

AS_OF = date(2026, 3, 1)


def look(make_facts, pack, name, *records, **values):
    facts = make_facts(pack, *records, basis="self", **values)
    return known(questionnaire(pack).question(name), facts, AS_OF, pack)


def declared(**row):
    return {"standing": "declared", **row}


def test_an_empty_file_fills_in_nothing(make_facts, public, rating):
    for pack in (public, rating):
        for question in questionnaire(pack):
            found = look(make_facts, pack, question.id)
            assert (found.settled, dict(found.parts), found.whole) == ({}, {}, False)


def test_verified_facts_are_settled_in_the_words_of_the_question(make_facts, public, rating):
    licence = look(make_facts, public, "business_licence", business_licence="行业不需要")
    born = look(make_facts, public, "founded_on", founded_on=date(2016, 5, 18))
    capital = look(make_facts, rating, "paid_in_capital", paid_in_capital=3_000_000)
    none = look(make_facts, public, "judgment_debtor", judgment_debtor=0)
    two = look(make_facts, public, "special_permits", special_permits=2)
    looked = look(
        make_facts, rating, "violations", violations_checked="已查，查到的都已列出", violations=0
    )

    assert licence.settled == {"business_licence": "本行业不需要许可"}
    assert born.settled == {"founded_on": "2016 年 5 月 18 日"}
    assert capital.settled == {"paid_in_capital": "300 万元"}
    assert none.settled == {"judgment_debtor": "没有"}
    assert two.settled == {"special_permits": "2 项"}
    assert looked.settled == {
        "violations": "没有",
        "violations_checked": "已查，查到的都已列出",
    }
    assert licence.whole
    assert licence.parts == {}


def test_an_ended_verified_answer_is_asked_again_but_an_ended_record_stays_settled(
    make_facts, public
):
    gone = {"ended_on": "2026-01-01", "standing": "verified"}
    licence = {"fact": "business_licence", "value": "有效", **gone}
    award = {"fact": "government_awards", "date": "2025-01-01", **gone}

    assert look(make_facts, public, "business_licence", licence).settled == {}
    assert look(make_facts, public, "government_awards", award).settled == {
        "government_awards": "没有"
    }


def test_what_is_settled_leaves_the_rest_of_a_question_to_be_asked(make_facts, public):
    question = questionnaire(public).question("red_list")
    found = look(make_facts, public, "red_list", a_level_taxpayer=1)
    left = remaining(question, found.settled)

    assert found.settled == {"a_level_taxpayer": "1 项"}
    assert "a_level_taxpayer" not in left.facts
    assert "a_level_taxpayer" not in [one.value for one in left.options]
    assert not found.whole
    assert remaining(question, dict.fromkeys(question.facts, "")) is None


def test_what_was_declared_is_filled_in(make_facts, public, rating, integrity):
    def filled(pack, name, *records):
        return dict(look(make_facts, pack, name, *(declared(**row) for row in records)).parts)

    assert filled(public, "taxpayer", {"fact": "taxpayer", "value": "一般纳税人"}) == {
        "v": "一般纳税人"
    }
    assert filled(public, "founded_on", {"fact": "founded_on", "value": date(2016, 5, 18)}) == {
        "v": "2016-05-18"
    }
    assert filled(rating, "paid_in_capital", {"fact": "paid_in_capital", "value": 5000}) == {
        "v": "0.5"
    }
    assert filled(public, "special_permits", {"fact": "special_permits", "value": 2}) == {
        "has": "yes",
        "n": "2",
    }
    assert filled(public, "judgment_debtor", {"fact": "judgment_debtor", "value": 0}) == {
        "has": "no"
    }
    assert filled(public, "red_list", {"fact": "customs_advanced"}) == {
        "has": "yes",
        "customs_advanced": "1",
    }
    assert filled(public, "red_list", {"fact": "customs_advanced", "value": 0}) == {}
    penalty = {"fact": "penalties", "kind": "一般", "date": "2025-08-01", "value": 2}
    assert filled(public, "penalties", penalty) == {
        "has": "yes",
        "1.what": "penalties/一般",
        "1.on": "2025-08-01",
        "2.what": "penalties/一般",
        "2.on": "2025-08-01",
    }
    nothing = [{"fact": fact, "value": 0} for fact in ("ip_infringement", "unfair_competition")]
    assert filled(integrity, "rivals", *nothing) == {"has": "no"}
    assert filled(integrity, "serious", {"fact": "counterfeiting"}) == {
        "has": "yes",
        "1.what": "counterfeiting",
    }
    mark = {"fact": "tax", "value": 4, "by": "企业自评", "reason": "基本做到"}
    assert filled(integrity, "tax", mark) == {"v": "4"}


def test_an_answer_that_is_no_longer_in_force_is_asked_again(make_facts, public):
    row = declared(fact="taxpayer", value="一般纳税人", ended_on="2026-01-01")

    assert look(make_facts, public, "taxpayer", row).parts == {}


def test_of_several_the_best_is_filled_in(make_facts, public):
    rows = [
        declared(id=f"self.{n}", fact="specialised", value=value)
        for n, value in enumerate(("创新型中小企业", "国家级小巨人", "省级专精特新"))
    ]

    assert look(make_facts, public, "specialised", *rows).parts == {"v": "国家级小巨人"}


def test_what_was_settled_by_the_enterprise_itself_is_filled_in_with_its_end(make_facts, integrity):
    row = declared(fact="wage_arrears", kind="三个月以内", date="2025-10-15", ended_on="2025-11-15")
    ours = look(make_facts, integrity, "by_degree", row | {"id": "self.3.1"})
    other = look(make_facts, integrity, "by_degree", row | {"id": "x"})

    assert ours.parts == {
        "has": "yes",
        "1.what": "wage_arrears/三个月以内",
        "1.on": "2025-10-15",
        "1.end": "2025-11-15",
    }
    assert other.parts == {}


def test_a_verified_year_of_accounts_is_settled_and_the_others_are_filled_in(make_facts, rating):
    rows = [
        {"fact": "statements", "year": 2025, "items": {"净利润": 5}, "standing": "verified"},
        declared(fact="statements", year=2024, items={"净利润": 4, "存货": 1}),
        declared(fact="statements", year=2020, items={"净利润": 3}),
    ]
    income = look(make_facts, rating, "profit", *rows)
    cash = look(make_facts, rating, "cash_flow", rows[0])

    assert (income.settled, income.parts) == ({"2025": ""}, {"unit": "1", "2024.净利润": "4"})
    assert (cash.settled, cash.parts, cash.whole) == ({"2025": ""}, {}, True)
