"""Secrets nobody has, and texts that only look like some. Each secret is put together here, or scanners of hosting sites would take this file for a leak."""

from __future__ import annotations

import base64
import hashlib
import random
import string
import uuid

_DICE = random.Random(20261125)
_ALNUM = string.ascii_letters + string.digits


def some(count: int, letters: str = _ALNUM) -> str:
    """Letters in no order, with a digit and a letter among them."""
    while True:
        text = "".join(_DICE.choices(letters, k=count))
        if any(it.isdigit() for it in text) and any(it.isalpha() for it in text):
            return text


def _pem(kind: str, lines: int = 6) -> tuple[str, str]:
    body = "\n".join(some(64, _ALNUM + "+/") for _ in range(lines))
    return f"{'-' * 5}BEGIN {kind}PRIVATE KEY{'-' * 5}\n{body}\n{'-' * 5}END {kind}PRIVATE KEY{'-' * 5}", body


def _jwt() -> str:
    part = [base64.urlsafe_b64encode(text).decode().rstrip("=") for text in (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"1234567890","name":"Ann"}')]
    return ".".join([*part, some(43, _ALNUM + "-_")])


HEX, UPPER = "0123456789abcdef", string.ascii_uppercase + string.digits


def _secrets() -> list[tuple[str, str]]:
    """A text with a secret in it, and that secret."""
    found: list[tuple[str, str]] = []

    def add(text: str, secret: str) -> None:
        found.append((text.replace("§", secret), secret))

    # Tokens known by their look, in source, output and logs
    for token in [
        "AK" + "IA" + some(16, UPPER), "AS" + "IA" + some(16, UPPER), "gh" + "p_" + some(36), "gho" + "_" + some(36), "github" + "_pat_" + some(22) + "_" + some(59),
        "gl" + "pat-" + some(20), "gl" + "dt-" + some(20), "xo" + "xb-" + some(11, "0123456789a") + "-" + some(12, HEX) + "-" + some(24), "xa" + "pp-1-A" + some(10, UPPER) + "-" + some(40, HEX),
        "h" + "f_" + some(34), "s" + "k-" + some(48), "s" + "k-proj-" + some(74, _ALNUM + "_-"), "s" + "k-ant-api03-" + some(93, _ALNUM + "_-") + "AA", "s" + "k-or-v1-" + some(64, HEX),
        "AI" + "za" + some(35, _ALNUM + "_-"), "ya" + "29.a0" + some(60, _ALNUM + "_-"), "GOC" + "SPX-" + some(28), "da" + "pi" + some(32, HEX), "abc" + "8Q~" + some(34, _ALNUM),
        "r" + "8_" + some(37), "g" + "sk_" + some(52), "nv" + "api-" + some(64, _ALNUM + "_-"), "pp" + "lx-" + some(48), "pc" + "sk_" + some(60), "ls" + "v2_pt_" + some(32, HEX) + "_" + some(10, HEX),
        "hv" + "s." + some(90), "dc" + "kr_pat_" + some(27), "np" + "m_" + some(36), "sk" + "_live_" + some(24), "sk" + "_test_" + some(24), "sh" + "pat_" + some(32, HEX), "do" + "p_v1_" + some(64, HEX),
        "S" + "G." + some(22) + "." + some(43), "py" + "pi-AgEIcHlwaS5vcmc" + some(80), some(32, HEX) + "-us" + "14", "123456789:AA" + some(33, _ALNUM), "S" + "K" + some(32, HEX), "sq0" + "csp-" + some(43),
        _jwt(), "gl" + "sa_" + some(32) + "_" + some(8, HEX),
    ]:  # fmt: skip
        add('client = Client("§")', token)
        add("[INFO] connecting with § ...", token)
        add("export MY_SETTING=§", token)
    # Values whose name tells
    for name in (
        "password", "db_password", "DB_PASSWORD", "passwd", "pwd", "passphrase", "userPassword", "api_key", "apikey", "API_KEY", "OPENAI_API_KEY", "secret_key", "client_secret",
        "access_token", "auth_token", "github_token", "HF_TOKEN", "token", "aws_secret_access_key", "private_key", "storage_account_key", "WANDB_API_KEY", "snowflake_password",
        "AZURE_CLIENT_SECRET", "JUPYTER_TOKEN",
    ):  # fmt: skip
        value = some(20)
        for text in (
            f'{name} = "§"', f"{name}='§'", f'connect(host="db", {name}="§")', f'config = {{"{name}": "§"}}', f'{{\\"{name}\\": \\"§\\"}}',
            f'os.environ["{name}"] = "§"', f'os.environ.setdefault("{name}", "§")', f'spark.conf.set("{name}", "§")', f'{name}: str = "§"',
        ):  # fmt: skip
            add(text, value)
    for name in ("DB_PASSWORD", "OPENAI_API_KEY", "AUTH_TOKEN"):
        for text in (f"export {name}=§", f"%env {name}=§", f"%env {name} §", f"!{name}=§ python train.py", f"{name}=§", f"{name.lower()}: §"):
            add(text, some(18))
    for value in ("hunter2", "S3cr3t!", "correct horse battery", "pa$$w0rd"):
        add('password = "§"', value)
    add("Password: §", "hunter2")
    for sign in "+-":  # lines of a diff
        add(f'{sign}password = "§"', some(12))
        add(f"{sign}DB_PASSWORD=§", some(12))
    add("mlflow login --password §", "hunter22")
    add("curl --token=§ https://example.com", some(30))
    # URLs, connection strings, headers
    for scheme in ("postgresql", "postgresql+psycopg2", "mysql+pymysql", "mongodb+srv", "redis", "amqp", "https", "ftp", "snowflake", "mssql+pyodbc"):
        add(f'create_engine("{scheme}://ann:§@db.example.com:5432/wine")', some(12))
        add(f"connected to {scheme}://ann:§@db.example.com/x", some(8) + "!x$")
    add("redis://:§@cache:6379/0", some(12))
    add("git clone https://§@git.example.com/ann/wine.git", some(40))
    add('"Server=tcp:db;Database=wine;User ID=ann;Password=§;Encrypt=true"', some(14))
    add('"DefaultEndpointsProtocol=https;AccountName=wine;AccountKey=§;EndpointSuffix=core"', some(86, _ALNUM + "+/") + "==")
    add('"Endpoint=sb://wine;SharedAccessKeyName=Root;SharedAccessKey=§"', some(43, _ALNUM) + "=")
    add('requests.get(url, headers={"Authorization": "Bearer §"})', some(40))
    add("Authorization: Bearer §", some(40, _ALNUM + "._-"))
    add('headers = {"Authorization": "Basic §"}', base64.b64encode(b"ann:h0rse-b4ttery-9").decode())
    add('headers = {"X-Api-Key": "§"}', some(32))
    add('curl -H "X-Api-Key: §" https://example.com', some(32))
    add("http://localhost:8888/lab?token=§", some(48, HEX))
    add("https://wine.blob.example.net/data.csv?sv=2024-01-01&se=2026-01-01&sp=r&sig=§", some(43) + "%3D")
    add("https://bucket.s3.example.com/x?X-Amz-Algorithm=AWS4&X-Amz-Signature=§", some(64, HEX))
    add('wandb.login(key="§")', some(40, HEX))
    add('{"username":"ann","key":"§"}', some(32, HEX))
    add("aws_secret_access_key = §", some(40, _ALNUM + "+/"))
    add('session = boto3.Session(aws_access_key_id=k, aws_secret_access_key="§")', some(40, _ALNUM + "/"))
    # Keys
    for kind in ("", "RSA ", "EC ", "OPENSSH ", "DSA ", "ENCRYPTED "):
        text, body = _pem(kind)
        found.append((f'key = """{text}"""', body))
        found.append((f'{{"type": "service_account", "private_key": "{text.replace(chr(10), chr(92) + "n")}"}}', body.replace("\n", "\\n")))
    # What looks like a key by itself
    for _ in range(10):
        add('client = Client("ann", "§")', some(40))
        add("headers = {'x-thing': '§'}", some(44, _ALNUM + "_-"))
    return found


_MODELS = (
    "meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8", "Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8", "allenai/olmOCR-7B-0725-FP8", "HuggingFaceH4/zephyr-7b-beta",
    "nvidia/NVIDIA-Nemotron-3-Super-120B-A12B", "NousResearch/Nous-Hermes-2-Mixtral-8x7B-DPO", "microsoft/WizardLM-2-8x22B", "Std_Acc1298_Mean_Mem40_Flux", "GigaEmbeddings-3B-2025-09",
)  # fmt: skip


def _innocents() -> list[str]:
    hexes = [hashlib.new(name, str(_DICE.random()).encode()).hexdigest() for name in ("md5", "sha1", "sha256", "sha512") for _ in range(3)]
    image = base64.b64encode(_DICE.randbytes(3000)).decode()
    ids = [str(uuid.UUID(int=_DICE.getrandbits(128))) for _ in range(5)]
    return [
        *(f'commit = "{it}"' for it in hexes), *(f"HEAD is now at {it}" for it in hexes), *(f'"digest": "{it}"' for it in hexes), *(f'run_id = "{it}"' for it in hexes),
        *(f"sha256:{it}  model.pt" for it in hexes), *(f"pandas==2.3.0 --hash=sha256:{it}" for it in hexes), *(f'uuid = "{it}"' for it in ids), *(f'"id": "{it}",' for it in ids),
        *(f'mlflow.pyfunc.load_model("models:/m-{it[:32]}")' for it in hexes), f'<img src="data:image/png;base64,{image}">', f'"image/png": "{image}"', f'"{image[:1000]}"',
        f'integrity="sha512-{image[:86]}=="', f'"etag": "{image[:32]}"', f'file_id = "1{some(32, _ALNUM + "-_")}"', f'content = "{some(60)}"',
        'os.environ["OPENAI_API_KEY"]', 'api_key = os.environ["OPENAI_API_KEY"]', 'token = os.getenv("HF_TOKEN")', "password = getpass.getpass()", 'password = getpass("Password: ")',
        'password = ""', "password = None", 'password="<your password>"', 'api_key = "YOUR_API_KEY"', 'api_key="your-api-key-here"', 'token = "xxxxxxxxxxxxxxxx"', 'secret = "..."', 'password = "********"',
        'api_key = "${OPENAI_API_KEY}"', 'password = f"{user}-{word}"', "password=$DB_PASSWORD", "password: {{ vault_password }}", 'api_key = "sk-..."', "def login(user: str, password: str) -> None:",
        "client.login(user, password=password)", "Client(token=token, api_key=api_key)", "self.password = password", "password = settings.password", "if password is None:", "PASSWORD=os.environ.get('X')",
        "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')", 'tokenizer.pad_token = "[PAD]"', 'eos_token="<|endoftext|>"', "max_tokens = 4096", 'token = "hello"', 'tokens = ["the", "cat"]', "num_tokens: 128",
        'bos_token = "<s>"', '"special_tokens_map": {"mask_token": "<mask>"}', 'token_type = "bearer"', "next_token = logits.argmax(-1)", 'for token in doc: print(token.text)', "token_ids=input_ids[0]",
        'df.merge(other, on="key")', 'sort(key="value_2024")', 'primary_key = "customer_id_2024"', 'foreign_key="orders.customer_id2"', 'key = "learning_rate_2"', 'd["key1"] = "value1"', 'public_key = "abc123def456"',
        'password_field = "pw_2024_column"', 'token_url = "https://example.com/oauth2/v1"', 'secret_name = "prod-db-2024"', 'password_hash_algorithm = "pbkdf2"', 'api_key_header = "X-Api-Key-2"', 'keyboard = "qwerty123"',
        'model = "sentence-transformers/all-MiniLM-L6-v2"', *(f'load("{it}")' for it in _MODELS), 'model = "meta-llama/Meta-Llama-3.1-70B-Instruct"', 'path = "data/processed/train_2024-01-01T00-00-00.parquet"', 'name = "RandomForestClassifier2024BestModelOfAll"',
        'url = "https://example.com/a/b?x=1&page=2&key=name"', "https://user@example.com/x", "postgresql://user:password@localhost/db", "http://localhost:5000/#/experiments/1", "postgresql://{user}:{password}@{host}/db",
        "sqlite:////tmp/mlflow.db", "git@github.com:ann/wine.git", "see https://example.com/@ann:9000/x", "C:\\Users\\ann\\data", "epoch 1/10 loss: 0.1234 acc: 0.9876 key: 12345678",
        "array([[1.2345e-01, 6.789e+02], [1.0, 2.0]])", "[0.12345678 0.87654321 0.11223344]", "tensor([0.1, 0.2], device='cuda:0')", "2026-11-25T20:00:00.000Z token refresh in 3600s", "Bearer of good news, everyone",
        "bearer token required", 'print("Authorization: Bearer <token>")', 'headers = {"Authorization": f"Bearer {token}"}', "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----\n" + image[:64] + "\n-----END PUBLIC KEY-----",
        "the words BEGIN RSA PRIVATE KEY in prose", "import secrets\nsecrets.token_hex(16)", "from nbtrack.secrets import values", 'secret_santa = "Bob"', "dapi is no token", "xoxo from the team", 'hf_hub_download("gpt2")', "sk-learn is not scikit-learn",
        'cell_id = "a1b2c3d4"', '"cell_id": "e1dca6a1-7b2f"', "b'\\x93NUMPY\\x01\\x00v\\x00{'descr': '<f8'}'", '"version": "2026.11.25+g9b1f0e3c5d7a"', "numpy-2.3.1-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
        'columns = ["customer_key_1", "order_token_2", "value"]', 'rename(columns={"token": "Token2", "password": "Password"})', "%env CUDA_VISIBLE_DEVICES=0", "%env TOKENIZERS_PARALLELISM=false", "PYTHONHASHSEED=0", "--token-limit 4096", "--passes 3",
    ]  # fmt: skip


SECRETS, INNOCENTS = _secrets(), _innocents()
