# Builds the image for the processor of this machine and pushes it, unless it is there: a tag is never given twice.
set -euo pipefail
image=$REPOSITORY:$TAG-$PROCESSOR
aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY%%/*}"
if docker manifest inspect "$image" >/dev/null 2>&1; then
    echo "$image is there"
    exit 0
fi
# One manifest and no list: Lambda takes this image as it is.
docker build --target aws --provenance=false --build-arg COMMIT="$TAG" --tag "$image" .
docker push "$image"
