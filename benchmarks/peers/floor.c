/* One epoch of the documents' snippet by SGD, in one thread: what the arithmetic alone costs.

   8 features, 16 sigmoid, 16 sigmoid, and an end: loss 0 is a sigmoid and binary cross-entropy, 1 a softmax and categorical
   cross-entropy, 2 a sigmoid and the mean squared error. Every loop runs over a batch's rows innermost, so that the compiler
   can use vector instructions: arrays are [unit][row]. */
#include <math.h>

enum { B = 32, IN = 8, H = 16, MAX_OUT = 3 };

static float sigmoid(float z) { return 1.0f / (1.0f + expf(-z)); }

static void dense(int in, int out, const float *w, const float *b, float x[][B], float z[][B]) {
  for (int o = 0; o < out; o++) {
    float sum[B];
    for (int r = 0; r < B; r++) sum[r] = b[o];
    for (int i = 0; i < in; i++)
      for (int r = 0; r < B; r++) sum[r] += x[i][r] * w[i * out + o];
    for (int r = 0; r < B; r++) z[o][r] = sum[r];
  }
}

/* Moves w and b down their gradients; before that, gives the gradient to x where dx is wanted. */
static void dense_back(int in, int out, float *w, float *b, float x[][B], float dz[][B], float dx[][B], float rate) {
  if (dx)
    for (int i = 0; i < in; i++) {
      float sum[B] = {0};
      for (int o = 0; o < out; o++)
        for (int r = 0; r < B; r++) sum[r] += dz[o][r] * w[i * out + o];
      for (int r = 0; r < B; r++) dx[i][r] = sum[r] * x[i][r] * (1.0f - x[i][r]); /* x is a sigmoid's value */
    }
  for (int o = 0; o < out; o++) {
    float sum = 0;
    for (int r = 0; r < B; r++) sum += dz[o][r];
    b[o] -= rate * sum;
  }
  for (int i = 0; i < in; i++)
    for (int o = 0; o < out; o++) {
      float sum = 0;
      for (int r = 0; r < B; r++) sum += x[i][r] * dz[o][r];
      w[i * out + o] -= rate * sum;
    }
}

/* Gives the epoch's mean loss; *right is the number of rows that came out right. */
float epoch(int rows, int out, int loss, const long *order, const float *x, const float *y, float rate, int *right,
            float *w1, float *b1, float *w2, float *b2, float *w3, float *b3) {
  float in[IN][B], h1[H][B], h2[H][B], p[MAX_OUT][B], t[MAX_OUT][B], d1[H][B], d2[H][B], d3[MAX_OUT][B];
  double total = 0;
  *right = 0;
  for (int start = 0; start < rows; start += B) {
    int n = rows - start < B ? rows - start : B; /* a short last batch: its other rows are zeros, and weigh nothing */
    for (int r = 0; r < B; r++) {
      const float *row = x + order[start + (r < n ? r : 0)] * IN, *label = y + order[start + (r < n ? r : 0)] * out;
      for (int i = 0; i < IN; i++) in[i][r] = row[i];
      for (int o = 0; o < out; o++) t[o][r] = label[o];
    }
    dense(IN, H, w1, b1, in, h1);
    for (int i = 0; i < H; i++)
      for (int r = 0; r < B; r++) h1[i][r] = sigmoid(h1[i][r]);
    dense(H, H, w2, b2, h1, h2);
    for (int i = 0; i < H; i++)
      for (int r = 0; r < B; r++) h2[i][r] = sigmoid(h2[i][r]);
    dense(H, out, w3, b3, h2, p);
    for (int r = 0; r < B; r++) {
      int live = r < n;
      float share = live ? 1.0f / n : 0.0f;
      if (loss == 1) {
        float largest = p[0][r], sum = 0;
        int best = 0, label = 0;
        for (int o = 1; o < out; o++) {
          if (p[o][r] > largest) largest = p[o][r], best = o;
          if (t[o][r] > t[label][r]) label = o;
        }
        for (int o = 0; o < out; o++) sum += p[o][r] = expf(p[o][r] - largest);
        for (int o = 0; o < out; o++) d3[o][r] = (p[o][r] / sum - t[o][r]) * share;
        if (live) total -= logf(p[label][r] / sum), *right += best == label;
      } else {
        float z = p[0][r], q = sigmoid(z), miss = q - t[0][r];
        if (live) *right += (z > 0) == t[0][r];
        if (loss == 0) {
          d3[0][r] = miss * share;
          if (live) total += (z > 0 ? z : 0) - z * t[0][r] + log1pf(expf(-fabsf(z)));
        } else {
          d3[0][r] = 2 * miss * q * (1 - q) * share;
          if (live) total += miss * miss;
        }
      }
    }
    dense_back(H, out, w3, b3, h2, d3, d2, rate);
    dense_back(H, H, w2, b2, h1, d2, d1, rate);
    dense_back(IN, H, w1, b1, in, d1, 0, rate);
  }
  return total / rows;
}
