"""Container images: the build context and its digest, and who can build and keep it.

An image is named by the digest of its sources, so an unchanged image is never built again.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from engage_cli.assets import asset_root
from engage_cli.errors import CloudError, UserError

IMAGES = ("training", "inference")
BUILDERS = ("docker", "podman", "buildah", "finch")
PLATFORM = "linux/arm64"


@dataclass(frozen=True)
class Image:
    """An image to build: its name, the context's files by path within it, and the digest of them."""

    name: str
    files: dict[str, Path]
    digest: str

    def reference(self, repository_uri: str) -> str:
        return f"{repository_uri}:{self.digest}"


class ImagePublisher(Protocol):
    """Makes an image available under a reference."""

    def publish(self, image: Image, reference: str) -> bool:
        """Build and keep the image; say whether there was anything to do."""


def load_image(name: str) -> Image:
    """Return the image `name` with its build context: its own package and `engage_ml`."""
    root = asset_root() / "containers"
    files = {
        path.relative_to(root).as_posix(): path
        for folder in (root / name, root / "engage_ml")
        for path in _sources(folder)
    }
    digest = hashlib.sha256()
    for relative in sorted(files):
        digest.update(relative.encode() + b"\0" + files[relative].read_bytes() + b"\0")
    return Image(name, files, digest.hexdigest()[:16])


def _sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def entrypoint(dockerfile: str) -> list[str]:
    """Return the exec form of a Dockerfile's ENTRYPOINT. Raises UserError when there is none."""
    found = re.findall(r"^ENTRYPOINT\s+(\[.*\])\s*$", dockerfile, flags=re.MULTILINE)
    if not found:
        raise UserError(
            "The Dockerfile has no ENTRYPOINT in exec form.", hint='Add: ENTRYPOINT ["python", ...]'
        )
    return [str(part) for part in json.loads(found[-1])]


class DirectoryPublisher:
    """Keeps an image as a folder, which the embedded endpoint starts as a process."""

    def __init__(self, images_dir: Path) -> None:
        self._images_dir = images_dir

    def publish(self, image: Image, reference: str) -> bool:
        repository, tag = reference.rsplit("/", 1)[-1].rsplit(":", 1)
        target = self._images_dir / repository / tag
        if (target / "image.json").is_file():
            return False
        staging = target.with_name(f".{tag}.{os.getpid()}")
        shutil.rmtree(staging, ignore_errors=True)
        for relative, source in image.files.items():
            path = staging / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, path)
        description = {
            "entrypoint": entrypoint((staging / image.name / "Dockerfile").read_text()),
            "workdir": ".",
            "env": {},
        }
        (staging / "image.json").write_text(json.dumps(description))
        shutil.rmtree(target, ignore_errors=True)
        staging.rename(target)
        return True


class BuilderPublisher:
    """Builds with docker, podman, buildah or finch, and pushes to ECR."""

    def __init__(self, ecr: Any, builder: str) -> None:
        self._ecr = ecr
        self._builder = builder

    def publish(self, image: Image, reference: str) -> bool:
        if image_is_pushed(self._ecr, reference):
            return False
        root = str(asset_root() / "containers")
        self._login(reference.split("/", 1)[0])
        dockerfile = f"{root}/{image.name}/Dockerfile"
        build = "bud" if self._builder == "buildah" else "build"
        self._run([build, "--platform", PLATFORM, "-t", reference, "-f", dockerfile, root])
        self._run(["push", reference])
        return True

    def _login(self, registry: str) -> None:
        import base64

        from engage_cli.aws.errors import translated

        with translated("signing in to ECR"):
            data = self._ecr.get_authorization_token()["authorizationData"][0]
        user, password = base64.b64decode(data["authorizationToken"]).decode().split(":", 1)
        # The password goes through standard input, so that no process list shows it.
        self._run(["login", "--username", user, "--password-stdin", registry], stdin=password)

    def _run(self, arguments: list[str], stdin: str | None = None) -> None:
        done = subprocess.run(
            [self._builder, *arguments], input=stdin, capture_output=True, text=True, check=False
        )
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise CloudError(f"`{self._builder} {arguments[0]}` failed: {reason}.")


class CodeBuildPublisher:
    """Builds in the account with CodeBuild, when no builder is on this machine."""

    def __init__(
        self,
        codebuild: Any,
        ecr: Any,
        upload: Callable[[str, bytes], str],
        project: str,
        sleep: Callable[[float], None],
    ) -> None:
        self._codebuild = codebuild
        self._ecr = ecr
        self._upload = upload
        self._project = project
        self._sleep = sleep

    def publish(self, image: Image, reference: str) -> bool:
        from engage_cli.aws.errors import translated
        from engage_cli.bundle.zips import zip_bytes

        if image_is_pushed(self._ecr, reference):
            return False
        location = self._upload(f"build/{image.name}-{image.digest}.zip", zip_bytes(image.files.items()))
        with translated("starting the image build"):
            build = self._codebuild.start_build(
                projectName=self._project,
                sourceTypeOverride="S3",
                sourceLocationOverride=location,
                environmentVariablesOverride=[
                    {"name": "IMAGE_REFERENCE", "value": reference, "type": "PLAINTEXT"},
                    {"name": "DOCKERFILE", "value": f"{image.name}/Dockerfile", "type": "PLAINTEXT"},
                ],
            )["build"]
        while build["buildStatus"] == "IN_PROGRESS":
            self._sleep(5)
            with translated("watching the image build"):
                build = self._codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
        if build["buildStatus"] != "SUCCEEDED":
            raise CloudError(
                f"CodeBuild could not build the image '{image.name}': {build['buildStatus']}.",
                hint=f"Read its log: {build.get('logs', {}).get('deepLink', 'no log')}",
            )
        return True


def image_is_pushed(ecr: Any, reference: str) -> bool:
    """Say whether ECR holds the reference."""
    from botocore.exceptions import ClientError

    from engage_cli.aws.errors import error_code, translated

    repository, tag = reference.split("/", 1)[1].rsplit(":", 1)
    with translated(f"looking for the image {repository}:{tag}"):
        try:
            found = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
        except ClientError as exc:
            if error_code(exc) == "ImageNotFoundException":
                return False
            raise
    return bool(found["imageDetails"])


def find_builder() -> str | None:
    """Return the first image builder on this machine that works, or None."""
    for name in BUILDERS:
        if (
            shutil.which(name)
            and not subprocess.run([name, "info"], capture_output=True, check=False).returncode
        ):
            return name
    return None
