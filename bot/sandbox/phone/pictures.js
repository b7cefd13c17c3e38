// A chosen picture as base64; a large one is made smaller first, as WeChat does.

const LARGEST = 1_000_000;
const SIDE = 1600;

// Null when the file is no picture that a browser can open.
export async function asBase64(file) {
  try {
    return await encoded(file.size > LARGEST ? await smaller(file) : file);
  } catch {
    return null;
  }
}

async function smaller(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
  const canvas = new OffscreenCanvas(picture.width * scale, picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 });
}

function encoded(blob) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = failed;
    reader.readAsDataURL(blob);
  });
}
