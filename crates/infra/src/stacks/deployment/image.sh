# Builds the image for the processor of this machine and pushes it, unless it is there: a tag is never given twice.
set -euo pipefail
image=$REPOSITORY:$TAG-$PROCESSOR
aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY%%/*}"
if docker manifest inspect "$image" >/dev/null 2>&1; then
    echo "$image is there"
    exit 0
fi
# One manifest and no list: Lambda takes this image as it is. Many share the address that this comes from, and Docker Hub counts by address.
docker build --target aws --provenance=false --build-arg COMMIT="$TAG" --build-arg REGISTRY=public.ecr.aws/docker/library \
    --tag "$image" .
docker push "$image"
