using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Store;

namespace AgentPki.Authority.Migration;

/// <summary>
/// Which agents a share covers: SHA-256(campaign ‖ 0x00 ‖ agent), its first 8 octets as a number, modulo 10,000. The same agent has the same place for the
/// whole of a campaign, so that a raised share only adds; in another campaign it has another, so that nobody is always first.
/// </summary>
public static class CampaignShare
{
    /// <summary>0 to 9999; covered when it is below the share.</summary>
    public static int PositionOf(string campaign, string agent) =>
        (int)(BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{campaign}\0{agent}"))) % CampaignRecord.Whole);

    /// <summary>For people: <c>25 %</c>, <c>0.5 %</c>.</summary>
    public static string Text(int share) => $"{(share / 100m).ToString("0.##", System.Globalization.CultureInfo.InvariantCulture)} %";
}
