using System.Globalization;
using System.Text;
using QRCoder;

namespace AgentPki.Authority.Ceremony.Evidence.Minutes;

/// <summary>QR codes (ISO/IEC 18004) as SVG that is part of the page: one path, the same for the same text.</summary>
internal static class QrCode
{
    /// <summary>What a scanner reads of a SHA-256: <c>SHA256:</c> and upper-case hexadecimal digits, which QR codes have a compact mode for.</summary>
    public static string TextOf(string sha256) => $"SHA256:{sha256.ToUpperInvariant()}";

    /// <summary>The code of a SHA-256, or nothing when it is none.</summary>
    /// <param name="label">What it is, for people who hear the page.</param>
    public static string Svg(string sha256, string label)
    {
        if (!MinutesPage.IsDigest(sha256))
        {
            return "";
        }

        using var generator = new QRCodeGenerator();
        using var code = generator.CreateQrCode(TextOf(sha256), QRCodeGenerator.ECCLevel.M);
        var path = new StringBuilder();
        for (var y = 0; y < code.ModuleMatrix.Count; y++)
        {
            var row = code.ModuleMatrix[y];
            for (var x = 0; x < row.Count;)
            {
                var length = 0;
                while (x + length < row.Count && row[x + length])
                {
                    length++;
                }

                if (length > 0)
                {
                    path.Append(CultureInfo.InvariantCulture, $"M{x} {y}h{length}v1h-{length}z");
                }

                x += Math.Max(length, 1);
            }
        }

        var size = code.ModuleMatrix.Count.ToString(CultureInfo.InvariantCulture);
        return $"<svg class=\"qr\" viewBox=\"0 0 {size} {size}\" shape-rendering=\"crispEdges\" role=\"img\" aria-label=\"{MinutesPage.Escape(label)}\"><rect width=\"{size}\" height=\"{size}\" fill=\"#fff\"/><path d=\"{path}\"/></svg>";
    }
}
