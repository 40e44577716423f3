"""The only reader of the environment. Each function's fields are exactly its template's variables.

A missing variable is a broken deployment: `load` raises KeyError at the first use.
"""

import os
from dataclasses import dataclass, fields
from typing import TypeVar

_Settings = TypeVar("_Settings")


@dataclass(frozen=True, slots=True)
class StorefrontSettings:
    merchants_table: str
    catalogue_table: str
    stock_table: str
    orders_table: str
    audit_table: str
    reveals_table: str
    generated_keys_table: str
    bought_codes_table: str
    vault_key_arn: str
    payment_api_bases: str
    payment_window_minutes: int
    order_token_days: int


@dataclass(frozen=True, slots=True)
class MerchantSettings:
    merchants_table: str
    catalogue_table: str
    stock_table: str
    orders_table: str
    audit_table: str
    reveals_table: str
    generated_keys_table: str
    exports_table: str
    top_ups_table: str
    bought_codes_table: str
    top_up_queue_url: str
    vault_key_arn: str


@dataclass(frozen=True, slots=True)
class ImportsSettings:
    merchants_table: str
    catalogue_table: str
    imports_table: str
    uploads_bucket: str
    vault_key_arn: str


@dataclass(frozen=True, slots=True)
class PaymentSettings:
    merchants_table: str
    orders_table: str
    stock_table: str
    callbacks_bucket: str
    vault_key_arn: str
    payment_api_bases: str


@dataclass(frozen=True, slots=True)
class ResaleSettings:
    merchants_table: str
    catalogue_table: str
    stock_table: str
    orders_table: str
    resellers_table: str
    top_ups_table: str
    audit_table: str
    reveals_table: str
    generated_keys_table: str
    bought_codes_table: str
    vault_key_arn: str
    payment_window_minutes: int


@dataclass(frozen=True, slots=True)
class TellingSettings:
    orders_table: str
    resellers_table: str
    resale_queue_url: str
    vault_key_arn: str


@dataclass(frozen=True, slots=True)
class KeysSettings:
    merchants_table: str
    orders_table: str
    catalogue_table: str
    generated_keys_table: str
    vault_key_arn: str


@dataclass(frozen=True, slots=True)
class OutboxSettings:
    notifications_table: str
    mail_queue_url: str
    top_up_queue_url: str
    resale_queue_url: str


@dataclass(frozen=True, slots=True)
class MailSettings:
    merchants_table: str
    orders_table: str
    notifications_table: str
    stock_table: str
    audit_table: str
    catalogue_table: str
    generated_keys_table: str
    bought_codes_table: str
    vault_key_arn: str
    order_token_days: int
    mail_from: str


@dataclass(frozen=True, slots=True)
class ImportFileSettings:
    merchants_table: str
    stock_table: str
    imports_table: str
    uploads_bucket: str
    import_queue_url: str
    vault_key_arn: str


@dataclass(frozen=True, slots=True)
class ExpirySettings:
    merchants_table: str
    stock_table: str
    orders_table: str
    resellers_table: str
    vault_key_arn: str
    payment_api_bases: str
    payment_window_minutes: int


@dataclass(frozen=True, slots=True)
class CertificateSettings:
    merchants_table: str
    vault_key_arn: str
    payment_api_bases: str


@dataclass(frozen=True, slots=True)
class FollowUpSettings:
    merchants_table: str
    orders_table: str
    stock_table: str
    top_ups_table: str
    top_up_queue_url: str
    mail_queue_url: str
    resellers_table: str
    vault_key_arn: str
    payment_api_bases: str


@dataclass(frozen=True, slots=True)
class TopUpSettings:
    merchants_table: str
    catalogue_table: str
    orders_table: str
    top_ups_table: str
    bought_codes_table: str
    top_up_queue_url: str
    vault_key_arn: str
    supplier_api_bases: str
    callback_base: str


@dataclass(frozen=True, slots=True)
class PrecheckSettings:
    merchants_table: str
    catalogue_table: str
    reveals_table: str
    top_ups_table: str
    vault_key_arn: str
    supplier_api_bases: str


@dataclass(frozen=True, slots=True)
class HearingSettings:
    merchants_table: str
    top_up_queue_url: str
    vault_key_arn: str
    supplier_api_bases: str


@dataclass(frozen=True, slots=True)
class StockWatchSettings:
    merchants_table: str
    catalogue_table: str
    stock_table: str
    orders_table: str
    notifications_table: str
    mail_queue_url: str


@dataclass(frozen=True, slots=True)
class StockSyncSettings:
    merchants_table: str
    catalogue_table: str
    stock_table: str
    notifications_table: str
    mail_queue_url: str
    vault_key_arn: str
    supplier_api_bases: str


@dataclass(frozen=True, slots=True)
class SupplierSyncSettings:
    merchants_table: str
    catalogue_table: str
    top_ups_table: str
    notifications_table: str
    mail_queue_url: str
    vault_key_arn: str
    supplier_api_bases: str


def load(shape: type[_Settings]) -> _Settings:
    """Read `shape` from the environment: field `orders_table` from ORDERS_TABLE, ints as ints."""
    values = {}
    for field in fields(shape):  # type: ignore[arg-type]
        text = os.environ[field.name.upper()]
        values[field.name] = int(text) if field.type is int else text
    return shape(**values)


def on_lambda() -> bool:
    """Whether this is a Lambda environment starting up, where clients are worth making early."""
    return "AWS_LAMBDA_RUNTIME_API" in os.environ
