"""Who uses the product: a person, the WeChat identities that are theirs, and their sessions."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class User(Model):
    """A person. Who turns out to be somebody known already points to that older row for ever."""

    id = fields.UUIDField(primary_key=True, default=None)
    created_at = fields.DatetimeField()
    joined_into: fields.ForeignKeyNullableRelation["User"] = fields.ForeignKeyField(
        "models.User", related_name="joined", null=True, on_delete=fields.RESTRICT
    )  # never a chain: the row there has none itself
    closed_at = fields.DatetimeField(null=True)  # nothing is left but the number, for the records

    class Meta:
        table = "app_user"  # `user` is a word of SQL
        indexes = (Index(fields=("joined_into_id",)),)


class Identity(Model):
    """One openid, which means something only together with the account that it belongs to."""

    id = fields.UUIDField(primary_key=True, default=None)
    appid = fields.CharField(max_length=32)
    openid = fields.CharField(max_length=64)
    unionid = fields.CharField(max_length=64, null=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="identities", on_delete=fields.RESTRICT
    )
    created_at = fields.DatetimeField()

    class Meta:
        table = "identity"
        unique_together = (("appid", "openid"),)
        indexes = (Index(fields=("unionid",)), Index(fields=("user_id",)))


class Session(Model):
    """One sign-in. Only the hash of its token is kept: who reads this table can enter nowhere."""

    id = fields.UUIDField(primary_key=True, default=None)
    token_hash = fields.CharField(max_length=64, unique=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="sessions", on_delete=fields.RESTRICT
    )
    door = fields.CharField(max_length=4)  # "h5" or "mini"
    created_at = fields.DatetimeField()
    last_seen_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "session"
        indexes = (Index(fields=("user_id",)), Index(fields=("expires_at",)))


class LoginAttempt(Model):
    """A sign-in on its way through WeChat's page; one use, by the browser that began it."""

    id = fields.UUIDField(primary_key=True, default=None)
    state_hash = fields.CharField(max_length=64, unique=True)
    browser_hash = fields.CharField(max_length=64)
    target = fields.CharField(max_length=160)
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "login_attempt"
        indexes = (Index(fields=("expires_at",)),)
