"""The regions of Alibaba Cloud OSS in which a destination can lie. Evidence: serpwow-destinations-15."""

from __future__ import annotations

_CHINA = (
    "hangzhou",
    "shanghai",
    "qingdao",
    "beijing",
    "zhangjiakou",
    "huhehaote",
    "wulanchabu",
    "shenzhen",
    "heyuan",
    "guangzhou",
    "chengdu",
    "hongkong",
)
_ELSEWHERE = (
    "us-west-1",
    "us-east-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-5",
    "ap-northeast-1",
    "ap-south-1",
    "eu-central-1",
    "eu-west-1",
    "me-east-1",
)
OSS_REGIONS = (*(f"oss-cn-{name}" for name in _CHINA), *(f"oss-{name}" for name in _ELSEWHERE))
