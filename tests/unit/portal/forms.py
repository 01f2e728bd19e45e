"""Answers that the sample city's two packages accept, as a person types them."""

RESTAURANT: dict[str, object] = {
    "shop_name": "禾记河虾面馆",
    "credit_code": "91329982MA9A000299",
    "shop_address": "云渡街道学前社区学府路 21 号",
    "operator_name": "沈佳禾",
    "operator_mobile": "10012345678",
    "area": 120,
    "food_activities": ["hot_dishes"],
    "open_flame": True,
    "online_ordering": False,
    "food_safety_manager": "顾晓梅",
    "food_handlers": 6,
    "has_sign": True,
    "sign_text": "禾记河虾面馆",
    "sign_width_cm": 480,
    "sign_height_cm": 90,
    "sign_lit": True,
    "greasy_water": True,
    "discharge_m3_day": 4,
    "grease_trap": True,
    "needs_water": False,
    "needs_gas": False,
}
COMPANY: dict[str, object] = {
    "company_name": "江塘禾记餐饮有限公司",
    "company_type": "limited",
    "registered_address": "云渡街道学前社区学府路 21 号 203 室",
    "business_scope": "餐饮服务；食品销售",
    "registered_capital": 50,
    "contribution_years": 5,
    "articles_of_association": "model",
    "shareholders": [{"name": "沈佳禾", "id_number": "329982199504183021", "share": 100}],
    "legal_representative": "沈佳禾",
    "legal_representative_id": "329982199504183021",
    "legal_representative_mobile": "10012345678",
    "director": "沈佳禾",
    "finance_officer": "顾晓梅",
    "tax_clerk": "顾晓梅",
    "seal_count": 4,
    "seal_shop": "yundu",
    "accounting_standard": "small",
    "invoice_kind": "ordinary",
    "employees": 6,
    "bank": "江塘农商银行云渡支行",
    "housing_fund_now": False,
    "agent_name": "沈佳禾",
    "agent_mobile": "10012345678",
}


def typed(answers: dict[str, object]) -> dict[str, str]:
    """The same answers as form data."""
    data: dict[str, str] = {}
    for name, value in answers.items():
        if isinstance(value, bool):
            data[name] = "yes" if value else "no"
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            data |= {f"{name}.{i}.{k}": str(v) for i, row in enumerate(value) for k, v in row.items()}
        elif isinstance(value, list):
            data[name] = str(value[0])
        else:
            data[name] = str(value)
    return data
